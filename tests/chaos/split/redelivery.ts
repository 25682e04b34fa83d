import { topics } from '@coffer/contracts';
import { newId } from '@coffer/kernel';
import { openKafka } from '@coffer/messaging-kafka';
import { brokerConnection } from '../../support/split.js';
import type { RunningCoffer } from '../../support/coffer.js';
import type { Fault } from './faults.js';
import type { Random } from './random.js';

const READ_MS = 2_000;

type Kafka = ReturnType<typeof openKafka>;
type Message = Parameters<ReturnType<Kafka['producer']>['send']>[0]['messages'][number];

/** Old messages come again, from the first one on, in any order: duplicates, reordering and replay in one. */
export function redelivery(coffer: RunningCoffer, random: Random): Fault[] {
  return [topics.vaults, topics.audit].map((topic) => ({
    name: `everything of ${topic} comes again, shuffled`,
    run: async () => {
      const kafka = openKafka(brokerConnection(coffer), () => undefined);
      try {
        const found = await readAll(kafka, topic);
        const producer = kafka.producer();
        await producer.connect();
        await producer.send({ topic, messages: random.shuffled(found) });
        await producer.disconnect();
      } catch (error) {
        // Another fault of the same run may have killed the broker meanwhile, but nothing takes rights away.
        if (/authoriz|certificate/i.test(String(error))) throw error;
      }
    },
  }));
}

async function readAll(kafka: Kafka, topic: string): Promise<Message[]> {
  const found: Message[] = [];
  const consumer = kafka.consumer({ groupId: `chaos-${newId()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message: { key, value, headers } }) => {
      found.push({ key, value, ...(headers === undefined ? {} : { headers: headers }) });
      return Promise.resolve();
    },
  });
  await new Promise((resolve) => setTimeout(resolve, READ_MS));
  await consumer.disconnect();
  return found;
}
