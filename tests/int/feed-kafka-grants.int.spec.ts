import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { topicGrants, topics, topicSpecs } from '@coffer/contracts';
import { newId } from '@coffer/kernel';
import {
  createKafkaFeed,
  ensureTopics,
  grantTopics,
  type KafkaConnection,
  type KafkaFeed,
} from '@coffer/messaging-kafka';
import { Inbox } from '@coffer/testing';
import { startBroker, type Broker } from '../../tools/kafka/broker.mjs';

const services = ['vault-management', 'crypto-gateway', 'policy-engine', 'audit-log', 'identity'];
const users = Object.fromEntries(['admin', ...services].map((name) => [name, `password-of-${name}-${newId()}`]));

let broker: Broker;
let directory: string;
const feeds: KafkaFeed[] = [];
const as = (username: string, password = users[username] ?? ''): KafkaConnection => ({
  brokers: broker.brokers,
  clientId: username,
  sasl: { username, password },
});
const feedOf = (username: string, onError: (error: unknown) => void = () => undefined): KafkaFeed => {
  const feed = createKafkaFeed({ connection: as(username), source: username, onError });
  feeds.push(feed);
  return feed;
};
const message = (topic: string) => ({
  topic,
  key: 'k',
  id: newId(),
  type: 'T',
  seq: 1,
  time: '2026-03-01T12:00:00.000Z',
  body: {},
});

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'coffer-kafka-'));
  broker = await startBroker({ directory, users });
  await ensureTopics(as('admin'), topicSpecs);
  await grantTopics(as('admin'), topicGrants);
});
afterEach(async () => {
  await Promise.all(feeds.splice(0).map((feed) => feed.close()));
});
afterAll(async () => {
  await broker.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('brokers that know what each service may do', () => {
  it.each(
    topicGrants.filter(({ operation }) => operation === 'write').map(({ service, topic }) => [service, topic] as const),
  )('let %s write %s', async (service, topic) => {
    await feedOf(service).publish([message(topic)]);
  });

  it.each(
    topicGrants
      .filter(({ operation }) => operation === 'read')
      .map(({ service, topic, group }) => [service, topic, group ?? ''] as const),
  )('let %s read %s', async (service, topic, group) => {
    const sent = message(topic);
    await feedOf('admin').publish([sent]);
    const inbox = new Inbox();
    await feedOf(service).subscribe({ topics: [topic], group }, inbox.take);
    await inbox.has([sent.id]);
  });

  it.each([
    ['identity', topics.vaults],
    ['policy-engine', topics.keys],
    ['vault-management', topics.policy],
  ])('keep %s from writing %s', async (service, topic) => {
    await expect(feedOf(service).publish([message(topic)])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });

  it.each([
    ['identity', topics.audit],
    ['policy-engine', topics.keys],
    ['crypto-gateway', topics.audit],
  ])('keep %s from reading %s', async (service, topic) => {
    await feedOf('admin').publish([message(topic)]);
    const refused = Promise.withResolvers<unknown>();
    const inbox = new Inbox();
    await feedOf(service, refused.resolve).subscribe({ topics: [topic], group: service }, inbox.take);
    expect(String(await refused.promise)).toMatch(/not authorized|GroupCoordinatorNotFound/i);
    expect(inbox.ids()).toEqual([]);
  });

  it('let nobody in with a wrong password', async () => {
    const feed = createKafkaFeed({ connection: as('identity', 'wrong'), source: 'identity' });
    feeds.push(feed);
    await expect(feed.publish([message(topics.audit)])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });
});
