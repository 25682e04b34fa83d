import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import type { FeedMessage } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import { checkTopics, createKafkaFeed, ensureTopics, openKafka, type KafkaFeed } from '@coffer/messaging-kafka';
import { describeFeed, Inbox } from '@coffer/testing';
// What a topic has is asked of the broker itself.
// eslint-disable-next-line @typescript-eslint/no-restricted-imports
import { ConfigResourceTypes } from 'kafkajs';
import { testBroker, type TestBroker } from '../support/kafka.js';

let broker: TestBroker;
const feeds: KafkaFeed[] = [];
beforeAll(async () => {
  broker = await testBroker();
});
afterAll(async () => {
  await broker.stop();
});
afterEach(async () => {
  await Promise.all(feeds.splice(0).map((feed) => feed.close()));
});

function newFeed(options: Partial<Parameters<typeof createKafkaFeed>[0]> = {}): KafkaFeed {
  const feed = createKafkaFeed({ connection: broker.connection, source: 'spec', ...options });
  feeds.push(feed);
  return feed;
}

const message = (topic: string, key: string, seq: number): FeedMessage => ({
  topic,
  key,
  id: `${key}-${seq}`,
  type: 'ThingDone',
  seq,
  time: '2026-03-01T12:00:00.000Z',
  body: { seq },
});

describeFeed('the Kafka feed', async () => {
  const [topic = '', otherTopic = ''] = await broker.newTopics(2);
  const feed = createKafkaFeed({ connection: broker.connection, source: 'spec' });
  return { feed, topic, otherTopic, close: () => feed.close() };
});

describe('a connection to Kafka', () => {
  it('runs no timers for requests while none waits', async () => {
    const producer = openKafka(broker.connection, () => undefined).producer();
    await producer.connect();
    const timers = jest.spyOn(globalThis, 'setTimeout');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const begun = timers.mock.calls.length;
    timers.mockRestore();
    await producer.disconnect();
    expect(begun).toBeLessThan(10);
  });
});

describe('the Kafka feed, keeping messages,', () => {
  it('takes more at once than fits into one of the broker’s batches', async () => {
    const [topic = ''] = await broker.newTopics(1);
    const many = Array.from({ length: 500 }, (_, i) => ({
      ...message(topic, 'a', i + 1),
      body: { seq: i + 1, pad: randomBytes(50_000).toString('base64') },
    }));
    await newFeed().publish(many);
    const inbox = new Inbox();
    await newFeed().subscribe({ topics: [topic], group: newId() }, inbox.take);
    await inbox.has(many.map(({ id }) => id));
    expect(inbox.messages.map(({ seq }) => seq)).toEqual(many.map(({ seq }) => seq));
  });

  it('takes a message of several megabytes, also in topics from before that was foreseen, which keep what was set', async () => {
    const topic = `spec-${newId()}`;
    const admin = openKafka(broker.connection, () => undefined).admin();
    await admin.connect();
    const segment = { name: 'segment.ms', value: '86400000' };
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, configEntries: [segment] }] });
    const large = { ...message(topic, 'a', 2), body: { pad: randomBytes(6_000_000).toString('base64') } };
    await expect(newFeed().publish([large])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await ensureTopics(broker.connection, [{ topic, partitions: 1, retentionMs: -1 }]);
    const all = [message(topic, 'a', 1), large, message(topic, 'a', 3)];
    await newFeed().publish(all);
    const inbox = new Inbox();
    await newFeed().subscribe({ topics: [topic], group: newId() }, inbox.take);
    await inbox.has(all.map(({ id }) => id));
    expect(inbox.messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [segment.name] }],
    });
    await admin.disconnect();
    expect(resources[0]?.configEntries[0]?.configValue).toBe(segment.value);
  });

  it('brings a new group everything from the first message on, and an old one what it has not done', async () => {
    const [topic = ''] = await broker.newTopics(1);
    await newFeed().publish([1, 2, 3].map((seq) => message(topic, 'a', seq)));
    const [first, group] = [new Inbox(), newId()];
    const subscription = await newFeed().subscribe({ topics: [topic], group }, first.take);
    await first.has(['a-1', 'a-2', 'a-3']);
    await subscription.stop();

    await newFeed().publish([message(topic, 'a', 4)]);
    const second = new Inbox();
    await newFeed().subscribe({ topics: [topic], group }, second.take);
    await second.has(['a-4']);
    expect(second.ids()).toEqual(['a-4']);
  });

  it('hands the partitions of a stopped member to the others; nothing is skipped', async () => {
    const [topic = ''] = await broker.newTopics(1, 2);
    const [inbox, group] = [new Inbox(), newId()];
    const refused = Promise.withResolvers<undefined>();
    const refusing = await newFeed().subscribe({ topics: [topic], group }, () => {
      refused.resolve(undefined);
      return Promise.reject(new Error('not here'));
    });
    await newFeed().publish([message(topic, 'a', 1), message(topic, 'b', 1)]);
    await refused.promise;
    await newFeed().subscribe({ topics: [topic], group }, inbox.take);
    await refusing.stop();
    await inbox.has(['a-1', 'b-1']);
  });

  it('skips a record that is no message, says where it is, and goes on', async () => {
    const [topic = ''] = await broker.newTopics(1, 1);
    const producer = openKafka(broker.connection, () => undefined).producer();
    await producer.connect();
    await producer.send({
      topic,
      messages: [{ key: 'a', value: 'not json', headers: { ce_id: 'x' } }, { value: null }],
    });
    await producer.disconnect();
    const offsets: string[] = [];
    const inbox = new Inbox();
    const feed = newFeed({ onUndecodable: ({ offset }) => offsets.push(offset) });
    await feed.subscribe({ topics: [topic], group: newId() }, inbox.take);
    await feed.publish([message(topic, 'a', 1)]);
    await inbox.has(['a-1']);
    expect(offsets).toEqual(['0', '1']);
  });

  it('refuses to publish to a topic that does not exist, and names one that is missing', async () => {
    await expect(newFeed().publish([message('no-such-topic', 'a', 1)])).rejects.toMatchObject({
      code: 'ServiceUnavailable',
    });
    const spec = { topic: 'no-such-topic', partitions: 1, retentionMs: -1 };
    await expect(checkTopics(broker.connection, [spec])).rejects.toThrow('no-such-topic');
  });

  it('carries a message as CloudEvents 1.0 in binary mode', async () => {
    const [topic = ''] = await broker.newTopics(1, 1);
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    await newFeed().publish([{ ...message(topic, 'vault', 7), headers }]);
    const found = Promise.withResolvers<Record<string, string>>();
    const consumer = openKafka(broker.connection, () => undefined).consumer({ groupId: newId() });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message: record }) => {
        const values: Record<string, string> = { key: String(record.key), value: String(record.value) };
        for (const [name, value] of Object.entries(record.headers ?? {})) values[name] = String(value);
        found.resolve(values);
        return Promise.resolve();
      },
    });
    expect(await found.promise).toEqual({
      ce_specversion: '1.0',
      ce_id: 'vault-7',
      ce_source: 'spec',
      ce_type: 'ThingDone',
      ce_time: '2026-03-01T12:00:00.000Z',
      ce_subject: 'vault',
      ce_vaultseq: '7',
      'content-type': 'application/json',
      ...headers,
      key: 'vault',
      value: '{"seq":7}',
    });
    await consumer.disconnect();
  });
});
