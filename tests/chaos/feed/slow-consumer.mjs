/**
 * A consumer in a process of its own that takes what comes first and then nothing more until it is told to go on. Tells its
 * parent what it has been given, and how much memory it takes.
 */
import { createKafkaFeed } from '@coffer/messaging-kafka';

/** Calls of the handler that are quick. */
const QUICK = 3;

const [brokers, topic, group] = process.argv.slice(2);
const { promise: told, resolve: goOn } = Promise.withResolvers();
const feed = createKafkaFeed({ connection: { brokers: brokers.split(','), clientId: 'slow' }, source: 'slow' });

process.on('message', (order) => {
  if (order === 'go on') goOn();
  if (order === 'memory') process.send({ memory: taken() });
  if (order === 'stop') void feed.close().then(() => process.disconnect());
});

/** What is reachable, in bytes. */
function taken() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let calls = 0;
const before = taken();
await feed.subscribe({ topics: [topic], group }, async (messages) => {
  calls += 1;
  process.send({ taken: messages.map(({ id }) => id) });
  if (calls > QUICK) await told;
});
process.send({ before });
