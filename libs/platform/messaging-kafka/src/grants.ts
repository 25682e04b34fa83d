import kafkajs, {
  type AclEntry,
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

/** Lets each service do with the topics what the grants say; with an authorizer that denies by default, nothing else. */
export async function grantTopics(connection: KafkaConnection, grants: readonly Grant[]): Promise<void> {
  const admin = openKafka(connection, () => undefined).admin({ retry: { retries: 5, maxRetryTime: 1_000 } });
  await admin.connect();
  try {
    await admin.createAcls({ acl: grants.flatMap(entriesOf) });
  } finally {
    await admin.disconnect();
  }
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
