import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newId } from '@coffer/kernel';
import { ensureTopics, type KafkaConnection } from '@coffer/messaging-kafka';
import { startBroker, type Broker } from '../../tools/kafka/broker.mjs';

export interface TestBroker {
  readonly connection: KafkaConnection;
  /** The running broker; absent when the environment names one. */
  readonly broker: Broker | undefined;
  /** Makes topics of names that nobody else uses. */
  newTopics(count: number, partitions?: number): Promise<string[]>;
  stop(): Promise<void>;
}

/** A real broker for one spec file: that of KAFKA_BROKERS, else one of its own. Never a fake: rejects with what is missing. */
export async function testBroker(): Promise<TestBroker> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined) return testBrokerOf(given.split(','), undefined, () => Promise.resolve());
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-kafka-'));
  const broker = await startBroker({ directory });
  return testBrokerOf(broker.brokers, broker, async () => {
    await broker.stop();
    await rm(directory, { recursive: true, force: true });
  });
}

function testBrokerOf(brokers: readonly string[], broker: Broker | undefined, stop: () => Promise<void>): TestBroker {
  const connection: KafkaConnection = { brokers, clientId: 'spec' };
  return {
    connection,
    broker,
    newTopics: async (count, partitions = 3) => {
      const names = Array.from({ length: count }, () => `spec-${newId()}`);
      await ensureTopics(
        connection,
        names.map((topic) => ({ topic, partitions, retentionMs: -1 })),
      );
      return names;
    },
    stop,
  };
}
