/** Kafka topics (architecture §3). */
export const topics = {
  vaults: 'coffer.vaults.v1',
  keys: 'coffer.keys.v1',
  policy: 'coffer.policy.v1',
  audit: 'coffer.audit.v1',
  /** Event Grid shaped: what owners of keys are told. */
  notifications: 'coffer.notifications.v1',
} as const;

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const FOR_EVER = -1;
/** Enough for the consumers of a busy region; keys stay where they are only while it does not change. */
const PARTITIONS = 6;

/** The topics of an installation. Events and audit records are kept: the log in Postgres can be read again, Kafka is how others do. */
export const topicSpecs = [
  { topic: topics.vaults, partitions: PARTITIONS, retentionMs: FOR_EVER },
  { topic: topics.keys, partitions: PARTITIONS, retentionMs: FOR_EVER },
  { topic: topics.policy, partitions: PARTITIONS, retentionMs: FOR_EVER },
  { topic: topics.audit, partitions: PARTITIONS, retentionMs: FOR_EVER },
  { topic: topics.notifications, partitions: PARTITIONS, retentionMs: WEEK_MS },
] as const;

/** What a service may do with a topic; its name is its user name at the brokers. */
export interface TopicGrant {
  readonly service: string;
  readonly topic: string;
  readonly operation: 'read' | 'write';
  /** Consumer group, for reading. */
  readonly group?: string;
}

const writers = {
  'vault-management': [topics.vaults, topics.audit],
  'crypto-gateway': [topics.keys, topics.audit, topics.notifications],
  'policy-engine': [topics.policy, topics.audit],
  'audit-log': [topics.audit],
  identity: [topics.audit],
} as const;

/** Every service writes its own events and audit records, and reads what it follows: nothing else. */
export const topicGrants: readonly TopicGrant[] = [
  ...Object.entries(writers).flatMap(([service, written]) =>
    written.map((topic) => ({ service, topic, operation: 'write' as const })),
  ),
  { service: 'vault-management', topic: topics.vaults, operation: 'read', group: 'vault-management' },
  { service: 'crypto-gateway', topic: topics.vaults, operation: 'read', group: 'crypto-gateway' },
  { service: 'crypto-gateway', topic: topics.keys, operation: 'read', group: 'crypto-gateway-notifications' },
  { service: 'audit-log', topic: topics.audit, operation: 'read', group: 'audit-log' },
];

/** The topics that a service has to do with: brokers tell it of no others. */
export function topicsOf(service: string): readonly (typeof topicSpecs)[number][] {
  const own = topicGrants.filter((grant) => grant.service === service).map(({ topic }) => topic);
  return topicSpecs.filter(({ topic }) => own.includes(topic));
}
