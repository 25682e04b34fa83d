import type { Database, EventStore, Feed, FeedMessage } from '@coffer/event-sourcing';
import { createEventStore, createRelay, type Relay, type RelayOptions } from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { anAppend, anEvent, appendRetrying, Inbox } from '@coffer/testing';
import pg from 'pg';
import { storeSetup, type StoreSetup } from './event-store-setup.js';
import { until } from './instances-setup.js';

const topics = { events: 'events', audit: 'audit' };

describe('the relay', () => {
  let setup: StoreSetup;
  let store: EventStore;
  let relays: Relay[];
  beforeEach(async () => {
    setup = await storeSetup();
    store = createEventStore({ database: setup.database, projections: [] });
    relays = [];
  });
  afterEach(async () => {
    for (const relay of relays) await relay.stop();
    await setup.close();
  });

  const startRelay = async (feed: Feed, options: Partial<RelayOptions> = {}) => {
    const { database, connection } = setup;
    const relay = createRelay({ database, connection, feed, topics, wakeEveryMs: 10, gatherMs: 1, ...options });
    relays.push(relay);
    await relay.start();
    return relay;
  };
  const subscribed = async () => {
    const [feed, inbox] = [createMemoryFeed(), new Inbox()];
    await feed.subscribe({ topics: ['events', 'audit'], group: 'spec' }, inbox.take);
    return { feed, inbox };
  };
  const left = async (table: string) => (await setup.database.query(`SELECT FROM ${table}`)).rowCount;
  /** A feed that takes messages down, and refuses them while `refuses` says so. */
  const recordingFeed = (refuses: () => boolean = () => false) => {
    const published: FeedMessage[] = [];
    const feed: Feed = {
      publish: (messages) => {
        if (refuses()) return Promise.reject(new Error('the feed is away'));
        published.push(...messages);
        return Promise.resolve();
      },
      subscribe: () => Promise.reject(new Error('not needed')),
    };
    return { feed, published };
  };

  it('publishes the events of every vault in order, and each audit record, which then leaves the inbox', async () => {
    const { feed, inbox } = await subscribed();
    const relay = await startRelay(feed);
    const body = { vaultId: 'v1', time: '2026-03-01T12:00:00.000Z' };
    const [first] = (await store.append(anAppend({ vaultId: 'v1', audit: { recordId: 'record-1', body } }))).events;
    for (let i = 0; i < 1200; i += 50) {
      const streams = [{ streamId: newId(), expectedVersion: 0, events: Array.from({ length: 50 }, () => anEvent()) }];
      await store.append(anAppend({ vaultId: i % 100 === 0 ? 'v1' : 'v2', streams }));
    }
    relay.wake();
    await relay.drained();
    const events = inbox.messages.filter(({ topic }) => topic === 'events');
    expect(events.find(({ id }) => id === first?.eventId)).toEqual({
      topic: 'events',
      key: 'v1',
      id: first?.eventId,
      type: 'ThingDone',
      seq: 1,
      time: first?.recordedAt,
      body: first,
    });
    for (const [vault, count] of [
      ['v1', 601],
      ['v2', 600],
    ] as const) {
      const seqs = events.filter(({ key }) => key === vault).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    }
    const text = JSON.stringify(body);
    const record = { topic: 'audit', key: 'v1', id: 'record-1', type: 'AuditEvent', time: body.time, text, body };
    expect(inbox.messages.filter(({ topic }) => topic === 'audit')).toEqual([record]);
    expect(await left('audit_inbox')).toBe(0);
  });

  it.each([
    [
      'as services write it',
      { recordId: 'r', time: '2026-03-01T12:00:00.000Z', service: 'spec', more: { time: 'no' } },
    ],
    [
      'with its time elsewhere',
      { more: { recordId: 'r', time: 'no' }, time: '2026-03-01T12:00:00.000Z', service: 'spec' },
    ],
    ['with what JSON escapes', { recordId: '"', time: '2026-03-01T12:00:00.000Z', service: 'spec' }],
  ])('publishes an audit record %s with its time, and as the text that it is', async (_, body) => {
    const { feed, inbox } = await subscribed();
    const relay = await startRelay(feed);
    await store.append(anAppend({ audit: { recordId: 'record-1', body } }));
    relay.wake();
    await relay.drained();
    const [message] = inbox.messages.filter(({ topic }) => topic === 'audit');
    expect(message).toMatchObject({ time: '2026-03-01T12:00:00.000Z', text: JSON.stringify(body), body });
  });

  it('finds by itself what another process has appended', async () => {
    const { feed, inbox } = await subscribed();
    await startRelay(feed);
    const { events } = await store.append(anAppend());
    await inbox.has(events.map(({ eventId }) => eventId));
  });

  it('lets audit records gather, until there are events', async () => {
    const { feed, inbox } = await subscribed();
    const relay = await startRelay(feed, { wakeEveryMs: 60_000, auditGatherMs: 60_000 });
    await relay.drained();
    const insert = `INSERT INTO audit_inbox (record_id, key, body) VALUES ($1, 'k', '{}')`;
    await setup.database.query(insert, ['gathered']);
    relay.wake('audit');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(inbox.ids()).toEqual([]);
    const { events } = await store.append(anAppend());
    relay.wake();
    await inbox.has([...events.map(({ eventId }) => eventId), 'gathered']);
  });

  it('publishes events beside a relay for audit records alone', async () => {
    const { feed, inbox } = await subscribed();
    const ofEvents = await startRelay(feed, { topics: { events: 'events' } });
    const body = { vaultId: 'v1', time: '2026-03-01T12:00:00.000Z' };
    const { events } = await store.append(anAppend({ vaultId: 'v1', audit: { recordId: 'record-1', body } }));
    await ofEvents.drained();
    expect(inbox.ids()).toEqual(events.map(({ eventId }) => eventId));
    // The first one has its lock all the while.
    const ofAudit = await startRelay(feed, { topics: { audit: 'audit' } });
    await ofAudit.drained();
    expect(inbox.ids()).toEqual([...events.map(({ eventId }) => eventId), 'record-1']);
  });

  it('publishes a record whose transaction commits after later ones were published, without being asked', async () => {
    const { feed, inbox } = await subscribed();
    const read: number[] = [];
    const relay = await startRelay(feed, { database: noting(setup.database, read) });
    const late = new pg.Client(setup.connection);
    await late.connect();
    const insert = `INSERT INTO audit_inbox (record_id, key, body) VALUES ($1, 'k', '{}')`;
    await setup.database.query(insert, ['first']);
    await late.query('BEGIN');
    await late.query(insert, ['late']);
    await setup.database.query(insert, ['early']);
    await relay.drained();
    expect(inbox.ids()).toEqual(['first', 'early']);
    await until(() => read.at(-1) === 1);
    await late.query('COMMIT');
    await late.end();
    await inbox.has(['late']);
    expect(inbox.ids()).toEqual(['first', 'early', 'late']);

    // What was published and deleted is not passed again.
    await until(() => read.at(-1) === 3);
    expect(await left('audit_inbox')).toBe(0);
  });

  it('publishes what a database holds that a backup has set back, without being asked', async () => {
    const { feed, inbox } = await subscribed();
    const read: number[] = [];
    await startRelay(feed, { database: noting(setup.database, read), onError: () => undefined });
    const insert = `INSERT INTO audit_inbox (record_id, key, body) VALUES ($1, 'k', '{}')`;
    for (const id of ['one', 'two']) await setup.database.query(insert, [id]);
    await inbox.has(['one', 'two']);
    await until(() => read.at(-1) === 2);
    await setup.database.query(`SELECT setval(pg_get_serial_sequence('audit_inbox', 'position'), 1, false)`);
    await endRelaySession(setup);
    await setup.database.query(insert, ['after the backup']);
    await inbox.has(['after the backup']);
  });

  it('publishes what a long foreign transaction holds as soon as that commits, and the rest at once', async () => {
    const { feed, inbox } = await subscribed();
    const relay = await startRelay(feed);
    await store.append(anAppend({ vaultId: 'held' }));
    const foreign = new pg.Client(setup.connection);
    await foreign.connect();
    await foreign.query('BEGIN');
    await foreign.query(`SELECT FROM append_events('held', '{1}', 'held', '{0}', 'late', 'late', '{1}', '{1}', 'T', '{1}',
      '2026-01-01Z', '{}', '', '{}', '', '', '')`);
    await store.append(anAppend({ vaultId: 'free' }));
    await relay.drained();
    expect(inbox.messages.map(({ key }) => key).sort()).toEqual(['free', 'held']);
    await foreign.query('COMMIT');
    await foreign.end();
    await relay.drained();
    expect(inbox.messages.filter(({ key }) => key === 'held').map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('waits while the feed fails and then publishes everything, in order', async () => {
    let away = true;
    const { feed, published } = recordingFeed(() => away);
    const refused = Promise.withResolvers<undefined>();
    let failures = 0;
    const onError = () => {
      failures += 1;
      if (failures === 3) refused.resolve(undefined);
    };
    const relay = await startRelay(feed, { onError });
    const streamId = newId();
    for (let i = 0; i < 3; i += 1) await appendRetrying(store, 'v1', streamId, anEvent());
    await refused.promise;
    expect(published).toEqual([]);
    away = false;
    await relay.drained();
    expect(published.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('publishes audit records also while events are refused', async () => {
    const published: string[] = [];
    const feed: Feed = {
      publish: (messages) => {
        if (messages.some(({ topic }) => topic === 'events')) return Promise.reject(new Error('too large'));
        published.push(...messages.map(({ id }) => id));
        return Promise.resolve();
      },
      subscribe: () => Promise.reject(new Error('not needed')),
    };
    await startRelay(feed, { onError: () => undefined });
    await store.append(anAppend({ vaultId: 'v1', audit: { recordId: 'record-1', body: { vaultId: 'v1' } } }));
    await until(() => published.includes('record-1'));
    expect((await setup.database.query('SELECT FROM relay_cursor')).rowCount).toBe(0);
  });

  it('repeats, and loses nothing, after a crash between publishing and noting it', async () => {
    const { feed, published } = recordingFeed();
    await store.append(anAppend({ vaultId: 'v1', audit: { recordId: 'record-1', body: { vaultId: 'v1' } } }));
    const crashing: Feed = {
      ...feed,
      publish: async (messages) => {
        await feed.publish(messages);
        await endRelaySession(setup);
      },
    };
    const crashed = Promise.withResolvers<undefined>();
    const first = await startRelay(crashing, {
      onError: () => {
        crashed.resolve(undefined);
      },
    });
    await crashed.promise;
    await first.stop();
    const before = published.length;
    expect(before).toBeGreaterThan(0);
    const relay = await startRelay(feed);
    await store.append(anAppend({ vaultId: 'v1' }));
    await relay.drained();
    const seqs = published
      .slice(before)
      .filter(({ topic }) => topic === 'events')
      .map(({ seq }) => seq);
    expect(seqs).toEqual([1, 2]);
    expect(published.filter(({ id }) => id === 'record-1')).not.toHaveLength(0);
    expect(await left('audit_inbox')).toBe(0);
  });

  it('is active once per database, and another takes over when its session dies', async () => {
    const [one, two] = [recordingFeed(), recordingFeed()];
    const first = await startRelay(one.feed, { wakeEveryMs: 60_000 });
    await first.drained();
    const second = await startRelay(two.feed);
    await store.append(anAppend({ vaultId: 'v1' }));
    await first.drained();
    expect([one.published.length, two.published.length]).toEqual([1, 0]);
    await endRelaySession(setup);
    await second.drained();
    await store.append(anAppend({ vaultId: 'v1' }));
    await second.drained();
    expect(two.published.map(({ seq }) => seq)).toEqual([2]);
  });

  it('rejects who waits for it when it is stopped', async () => {
    const relay = await startRelay(recordingFeed(() => true).feed);
    await store.append(anAppend());
    const drained = expect(relay.drained()).rejects.toThrow('stopped');
    await relay.stop();
    await drained;
  });
});

/** Notes behind which positions the inbox is read. */
function noting(database: Database, read: number[]): Database {
  return {
    query: (text, values) => {
      if (text.includes('FROM audit_inbox WHERE position >')) read.push(Number(values?.[0]));
      return database.query(text, values);
    },
    transaction: (work) => database.transaction(work),
  };
}

/** Ends the session that holds the relay's lock, as a crash of its process would. */
async function endRelaySession(setup: StoreSetup): Promise<void> {
  const { rowCount } = await setup.database.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
      WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  expect(rowCount).toBe(1);
}
