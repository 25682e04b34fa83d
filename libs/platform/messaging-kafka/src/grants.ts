import { CofferError } from '@coffer/kernel';
import kafkajs, {
  type AclEntry,
  type Admin,
  type AclOperationTypes as Operation,
  type AclResourceTypes as Resource,
} from 'kafkajs';
import { openKafka, type KafkaConnection } from './connection.js';

// Its CommonJS names are not all visible to an ES module.
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

export interface Grant {
  /** User name at the brokers. */
  readonly service: string;
  readonly topic: string;
  readonly operation: 'read' | 'write';
  readonly group?: string;
}

const KNOWN_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** What becomes of grants that the same services have from earlier: kept, or withdrawn. */
export type EarlierGrants = 'keep' | 'withdraw';

/**
 * Lets each service do with the topics what the grants say; with an authorizer that denies by default, nothing else.
 * Resolves when the brokers act by it: they take it from their controllers a little later than those have it.
 */
export async function grantTopics(
  connection: KafkaConnection,
  grants: readonly Grant[],
  earlier: EarlierGrants = 'keep',
): Promise<void> {
  const admin = openKafka(connection, () => undefined).admin({ retry: { retries: 5, maxRetryTime: 1_000 } });
  await admin.connect();
  try {
    const entries = grants.flatMap(entriesOf);
    await admin.createAcls({ acl: entries });
    const isOther = othersThan(entries);
    const others = earlier === 'keep' ? [] : (await allowed(admin)).filter(isOther);
    if (others.length > 0) await admin.deleteAcls({ filters: others });
    await until(admin, (found) => {
      const names = new Set(found.map(nameOf));
      const complete = entries.every((entry) => names.has(nameOf(entry)));
      return complete && (earlier === 'keep' || !found.some(isOther));
    });
  } finally {
    await admin.disconnect();
  }
}

/** Entries of the same principals that are none of these. */
function othersThan(entries: readonly AclEntry[]): (entry: AclEntry) => boolean {
  const names = new Set(entries.map(nameOf));
  const principals = new Set(entries.map(({ principal }) => principal));
  return (entry) => principals.has(entry.principal) && !names.has(nameOf(entry));
}

async function until(admin: Admin, isKnown: (found: readonly AclEntry[]) => boolean): Promise<void> {
  for (const deadline = performance.now() + KNOWN_WITHIN_MS; performance.now() < deadline;) {
    if (isKnown(await allowed(admin))) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new CofferError('ServiceUnavailable', 'The brokers did not take over the grants.');
}

/** Everything that the brokers allow anybody; what an operator denies is not in it. */
async function allowed(admin: Admin): Promise<readonly AclEntry[]> {
  const { resources } = await admin.describeAcls({
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ALLOW,
  });
  return resources.flatMap(({ acls, resourceType, resourceName, resourcePatternType }) =>
    acls.map((acl) => ({ resourceType, resourceName, resourcePatternType, ...acl })),
  );
}

/** Everything that sets an entry apart from others that allow something. */
function nameOf({ resourceType, resourceName, resourcePatternType, principal, host, operation }: AclEntry): string {
  return JSON.stringify([resourceType, resourceName, resourcePatternType, principal, host, operation]);
}

function entriesOf({ service, topic, operation, group }: Grant): AclEntry[] {
  const allow = (resourceType: Resource, resourceName: string, what: Operation): AclEntry => ({
    resourceType,
    resourceName,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: `User:${service}`,
    host: '*',
    operation: what,
    permissionType: AclPermissionTypes.ALLOW,
  });
  const own = operation === 'read' ? AclOperationTypes.READ : AclOperationTypes.WRITE;
  return [
    allow(AclResourceTypes.TOPIC, topic, own),
    allow(AclResourceTypes.TOPIC, topic, AclOperationTypes.DESCRIBE),
    ...(group === undefined ? [] : [allow(AclResourceTypes.GROUP, group, AclOperationTypes.READ)]),
    // The sequence numbers of an idempotent producer.
    ...(operation === 'write'
      ? [allow(AclResourceTypes.CLUSTER, 'kafka-cluster', AclOperationTypes.IDEMPOTENT_WRITE)]
      : []),
  ];
}
