/** Kafka topics (architecture §3). */
export const topics = {
  vaults: 'coffer.vaults.v1',
  keys: 'coffer.keys.v1',
  policy: 'coffer.policy.v1',
  audit: 'coffer.audit.v1',
  /** Event Grid shaped; what writes it comes with rotation and expiry. */
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
