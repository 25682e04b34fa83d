import kafkajs, { type Admin } from 'kafkajs';
import { openKafka, type KafkaConnection } from './connection.js';

// Its CommonJS names are not all visible to an ES module.
const { ConfigResourceTypes, ConfigSource } = kafkajs;

/** One topic as an installation needs it. */
export interface TopicSpec {
  readonly topic: string;
  /** More can be added later, fewer cannot. */
  readonly partitions: number;
  /** Milliseconds; -1 for ever. */
  readonly retentionMs: number;
}

/**
 * A message may have so many bytes: the purge of a key names each of its versions, and how many these are nobody limits
 * (this is enough for 100,000). A broker's own limit is 1 MB.
 */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_MESSAGE = { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) };

/** Topics that are missing, or have another number of partitions. */
export class TopicsError extends Error {
  override readonly name = 'TopicsError';
}

/**
 * Makes the topics that are missing. Throws TopicsError when one exists with fewer partitions, because more would move keys
 * to others and break the order of what is under way.
 */
export async function ensureTopics(
  connection: KafkaConnection,
  specs: readonly TopicSpec[],
  replicationFactor = 1,
): Promise<void> {
  await withAdmin(connection, async (admin) => {
    const known = new Set(await admin.listTopics());
    const missing = specs.filter(({ topic }) => !known.has(topic));
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ topic, partitions, retentionMs }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: [
          { name: 'retention.ms', value: String(retentionMs) },
          { name: 'cleanup.policy', value: 'delete' },
          MAX_MESSAGE,
        ],
      })),
    });
    await check(admin, specs);
    await takeLargeMessages(admin, specs);
  });
}

/** Topics from before: what else was set for them stays. */
async function takeLargeMessages(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ topic }) => ({ type: ConfigResourceTypes.TOPIC, name: topic })),
  });
  const changed = resources.flatMap(({ resourceName: name, configEntries: entries }) => {
    const limit = entries.find(({ configName }) => configName === MAX_MESSAGE.name);
    if (Number(limit?.configValue) >= MAX_MESSAGE_BYTES) return [];
    const set = entries.filter((entry) => entry.configSource === ConfigSource.TOPIC_CONFIG && entry !== limit);
    const configEntries = set.map(({ configName, configValue }) => ({ name: configName, value: configValue }));
    return [{ type: ConfigResourceTypes.TOPIC, name, configEntries: [...configEntries, MAX_MESSAGE] }];
  });
  if (changed.length > 0) await admin.alterConfigs({ validateOnly: false, resources: changed });
}

/** Throws TopicsError unless every topic exists with its partitions. */
export async function checkTopics(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  await withAdmin(connection, (admin) => check(admin, specs));
}

async function check(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  const known = new Set(await admin.listTopics());
  const missing = specs.filter(({ topic }) => !known.has(topic)).map(({ topic }) => topic);
  if (missing.length > 0) {
    throw new TopicsError(`Kafka has no topic ${missing.join(', ')}: make them with coffer-admin deployment topics.`);
  }
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ topic }) => topic) });
  for (const { topic, partitions } of specs) {
    const found = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
    if (found < partitions) {
      throw new TopicsError(`The topic ${topic} has ${found} partitions and needs ${partitions}.`);
    }
  }
}

async function withAdmin(connection: KafkaConnection, work: (admin: Admin) => Promise<void>): Promise<void> {
  const admin = openKafka(connection, () => undefined).admin({ retry: { retries: 5, maxRetryTime: 1_000 } });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
