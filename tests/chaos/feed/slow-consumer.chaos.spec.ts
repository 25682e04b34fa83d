import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FeedMessage } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import { createKafkaFeed, type KafkaFeed } from '@coffer/messaging-kafka';
import { Inbox } from '@coffer/testing';
import { testBroker, type TestBroker } from '../../support/kafka.js';

const KEYS = 30;
const EACH = 400;
const ALL = KEYS * EACH;
const BODY = 'x'.repeat(4_000);
const BATCH = 500;
/** As slow-consumer.mjs has it. */
const QUICK = 3;
const MEBIBYTE = 1_048_576;
/** What the consumer may hold: its partitions' fetches of 1 MiB, before and after they are decoded, and little more. */
const BOUND = 20 * MEBIBYTE;
/** Longer than the session of a member that says nothing. */
const SILENT_MS = 8_000;
const TEST_MS = 300_000;

let broker: TestBroker;
let feed: KafkaFeed;
let slow: SlowConsumer;

beforeAll(async () => {
  broker = await testBroker();
  feed = createKafkaFeed({ connection: broker.connection, source: 'chaos' });
}, TEST_MS);
afterAll(async () => {
  await slow.stop();
  await feed.close();
  await broker.stop();
});

/** See slow-consumer.mjs. */
class SlowConsumer {
  readonly taken: string[] = [];
  /** Calls of its handler. */
  calls = 0;
  before = 0;
  readonly #child: ChildProcess;
  #memory = Promise.withResolvers<number>();
  #looks: (() => void)[] = [];

  constructor(topic: string) {
    const args = [broker.connection.brokers.join(','), topic, newId()];
    const program = fileURLToPath(new URL('./slow-consumer.mjs', import.meta.url));
    this.#child = fork(program, args, { execArgv: ['--expose-gc'] });
    this.#child.on('message', (message: { before?: number; taken?: string[]; memory?: number }) => {
      if (message.before !== undefined) this.before = message.before;
      if (message.memory !== undefined) this.#memory.resolve(message.memory);
      if (message.taken !== undefined) {
        this.calls += 1;
        this.taken.push(...message.taken);
      }
      for (const look of this.#looks) look();
    });
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (condition()) resolve();
      };
      this.#looks.push(look);
      look();
    });
  }

  /** Bytes that it has taken since its start. */
  async memory(): Promise<number> {
    this.#memory = Promise.withResolvers<number>();
    this.#child.send('memory');
    return (await this.#memory.promise) - this.before;
  }

  goOn(): void {
    this.#child.send('go on');
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.send('stop');
    await ended;
  }
}

const idOf = (key: number, seq: number) => `${key}-${seq}`;

async function publishAll(topic: string): Promise<void> {
  const messages: FeedMessage[] = [];
  for (let seq = 1; seq <= EACH; seq += 1) {
    for (let key = 0; key < KEYS; key += 1) {
      const facts = { key: String(key), id: idOf(key, seq), type: 'ThingDone', seq, time: '2026-03-01T12:00:00.000Z' };
      messages.push({ topic, ...facts, body: { seq, text: BODY } });
    }
  }
  for (let i = 0; i < messages.length; i += BATCH) await feed.publish(messages.slice(i, i + BATCH));
}

describe('a consumer that stands still while 48 MB come', () => {
  it(
    'holds a bounded part of them, keeps nobody else waiting, and then gets every message once and in order',
    async () => {
      const [topic = ''] = await broker.newTopics(1);
      slow = new SlowConsumer(topic);
      await slow.until(() => slow.before > 0);
      const others = new Inbox();
      await feed.subscribe({ topics: [topic], group: newId() }, others.take);
      const publishing = publishAll(topic);
      await slow.until(() => slow.calls > QUICK);
      const since = performance.now();

      await publishing;
      await others.until((messages) => messages.length === ALL);
      // Its place in the group is kept although its handler takes longer than a session.
      const rest = SILENT_MS - (performance.now() - since);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
      const held = await slow.memory();
      process.stdout.write(`held: ${(held / MEBIBYTE).toFixed(1)} MiB, ${slow.taken.length} of ${ALL} messages\n`);
      expect(held).toBeLessThan(BOUND);
      expect(slow.taken.length).toBeLessThan(ALL / 2);

      slow.goOn();
      await slow.until(() => slow.taken.length >= ALL);
      for (let key = 0; key < KEYS; key += 1) {
        const own = slow.taken.filter((id) => id.startsWith(`${key}-`));
        expect(own).toEqual(Array.from({ length: EACH }, (_, i) => idOf(key, i + 1)));
      }
      expect(slow.taken).toHaveLength(ALL);
    },
    TEST_MS,
  );
});
