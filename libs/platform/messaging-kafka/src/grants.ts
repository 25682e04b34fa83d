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

/**
 * Lets each service do with the topics what the grants say; with an authorizer that denies by default, nothing else.
 * Resolves when the brokers act by it: they take it from their controllers a little later than those have it.
 */
export async function grantTopics(connection: KafkaConnection, grants: readonly Grant[]): Promise<void> {
  const admin = openKafka(connection, () => undefined).admin({ retry: { retries: 5, maxRetryTime: 1_000 } });
  await admin.connect();
  try {
    const entries = grants.flatMap(entriesOf);
    await admin.createAcls({ acl: entries });
    await known(admin, new Set(entries.map(nameOf)));
  } finally {
    await admin.disconnect();
  }
}

async function known(admin: Admin, wanted: ReadonlySet<string>): Promise<void> {
  const all = {
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  };
  for (const until = performance.now() + KNOWN_WITHIN_MS; performance.now() < until;) {
    const { resources } = await admin.describeAcls(all);
    const names = resources.flatMap(({ acls, ...resource }) => acls.map((acl) => nameOf({ ...resource, ...acl })));
    if (new Set(names.filter((name) => wanted.has(name))).size === wanted.size) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new CofferError('ServiceUnavailable', 'The brokers did not take over the grants.');
}

/** Everything of an entry that sets it apart from the others that this file makes. */
function nameOf(entry: Pick<AclEntry, 'resourceType' | 'resourceName' | 'principal' | 'operation'>): string {
  return [entry.resourceType, entry.resourceName, entry.principal, entry.operation].join(' ');
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
