import { Processor, type EventStore, type Feed, type FeedMessage, type RecordedEvent } from '@coffer/event-sourcing';
import {
  createCheckpointStore,
  createEventStore,
  createOwnerLog,
  createRelay,
  isTransient,
  type Relay,
} from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import { createKafkaFeed, type KafkaFeed } from '@coffer/messaging-kafka';
import { anAppend, anEvent, appendRetrying, Inbox, seededRandom } from '@coffer/testing';
import { storeSetup, type StoreSetup } from '../../int/event-store-setup.js';
import { testBroker, type TestBroker } from '../../support/kafka.js';
import { chaosSeed } from '../../support/seed.js';

const VAULTS = ['v1', 'v2', 'v3', 'v4', 'v5'];
const WRITERS = 8;
/** Of each writer, at least; they go on until everything has gone wrong that shall. */
const APPENDS = 25;
/** Times that a relay loses its lock between reading a batch and publishing it. */
const LOSSES = 8;
const TEST_MS = 300_000;
/** How long a relay that has lost its lock waits to be overtaken. */
const OVERTAKEN_MS = 5_000;
/** Key of the relay's advisory lock. */
const RELAY_LOCK = 0x72656c79; // 'rely'

const seed = chaosSeed();
let broker: TestBroker;
let setup: StoreSetup;
let store: EventStore;
let events: string;
let audit: string;
const feeds: KafkaFeed[] = [];
const relays: Relay[] = [];

beforeAll(async () => {
  process.stdout.write(`chaos of two relays, seed ${seed}\n`);
  broker = await testBroker();
  [events = '', audit = ''] = await broker.newTopics(2);
  setup = await storeSetup();
  await setup.database.query(
    'CREATE TABLE applied (position bigserial PRIMARY KEY, vault_id text, seq bigint, UNIQUE (vault_id, seq))',
  );
  store = createEventStore({ database: setup.database, projections: [] });
}, TEST_MS);
afterAll(async () => {
  for (const relay of relays) await relay.stop();
  for (const feed of feeds) await feed.close();
  await setup.close();
  await broker.stop();
});

function newFeed(): KafkaFeed {
  const feed = createKafkaFeed({ connection: broker.connection, source: 'chaos' });
  feeds.push(feed);
  return feed;
}

/** The relays of two processes. Sometimes one loses its lock while it holds a batch, and publishes it late or never. */
class TwoRelays {
  losses = 0;
  /** Batches that came out after the other relay had published. */
  overtaken = 0;
  readonly #published = [0, 0];
  readonly #random = seededRandom(seed);
  #late = false;

  async start(): Promise<void> {
    for (const me of [0, 1]) {
      const { database, connection } = setup;
      const feed = this.#feed(me, newFeed());
      const relay = createRelay({ database, connection, feed, topics: { events, audit }, wakeEveryMs: 5, gatherMs: 1 });
      relays.push(relay);
      await relay.start();
    }
  }

  #feed(me: number, feed: Feed): Feed {
    return {
      ...feed,
      publish: async (messages) => {
        // Once with events, once with audit records.
        const next = this.losses % 2 === 0 ? events : audit;
        const isDue = !this.#late && this.losses < LOSSES && messages[0]?.topic === next;
        if (isDue && this.#random.chance(0.4)) {
          await this.#loseLock(me);
          if (this.#random.chance(0.3)) throw new Error('the process ended before it could publish');
        }
        await feed.publish(messages);
        this.#published[me] = (this.#published[me] ?? 0) + 1;
      },
    };
  }

  async #loseLock(me: number): Promise<void> {
    this.#late = true;
    this.losses += 1;
    const other = () => this.#published[1 - me] ?? 0;
    const before = other();
    await endRelaySession(setup);
    const deadline = performance.now() + OVERTAKEN_MS;
    while (other() === before && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    if (other() > before) this.overtaken += 1;
    this.#late = false;
  }
}

/** Ends the session that holds the relay's lock, as a server does that no longer hears of it. */
async function endRelaySession({ database }: StoreSetup): Promise<void> {
  await database.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND objid = $1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [RELAY_LOCK],
  );
}

/** Resolves with the ids of the audit records. */
async function write(goesOn: () => boolean): Promise<string[]> {
  const ids: string[] = [];
  const random = seededRandom(seed + 1);
  const writer = async (n: number) => {
    for (let i = 0; i < APPENDS || goesOn(); i += 1) {
      const vaultId = VAULTS[random.below(VAULTS.length)] ?? '';
      await appendRetrying(store, vaultId, `${vaultId}-${n}`, anEvent());
      const recordId = `record-${n}-${i}`;
      await store.append(anAppend({ vaultId, audit: { recordId, body: { vaultId } } }));
      ids.push(recordId);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, n) => writer(n)));
  return ids;
}

/** The numbers of each vault in the order in which they came for the first time, and how many came again. */
function firstSeen(messages: readonly FeedMessage[]) {
  const seqs = new Map(VAULTS.map((vault) => [vault, new Set<number>()]));
  for (const { key, seq } of messages) seqs.get(key)?.add(seq ?? 0);
  const distinct = [...seqs.values()].reduce((sum, { size }) => sum + size, 0);
  return { seqs, repeated: messages.length - distinct };
}

describe('two relays at once on one database, over Kafka', () => {
  it(
    'lose nothing, keep the order of every vault, and what comes twice is skipped',
    async () => {
      const [inbox, records] = [new Inbox(), new Inbox()];
      const reader = newFeed();
      await reader.subscribe({ topics: [events], group: newId() }, inbox.take);
      await reader.subscribe({ topics: [audit], group: newId() }, records.take);
      const rereads: string[] = [];
      const processing = processor(rereads);
      await processing.start(reader);
      const two = new TwoRelays();
      await two.start();
      const wanted = await write(() => two.losses < LOSSES);
      await Promise.any(relays.map((relay) => relay.drained()));

      const heads = await createOwnerLog(setup.database).heads();
      const all = (messages: readonly FeedMessage[]) =>
        heads.every(({ vaultId, seq }) => firstSeen(messages).seqs.get(vaultId)?.size === seq);
      await inbox.until(all);
      await appliedUpTo(heads);
      const { seqs, repeated } = firstSeen(inbox.messages);
      for (const { vaultId, seq } of heads) {
        const expected = Array.from({ length: seq }, (_, i) => i + 1);
        expect([...(seqs.get(vaultId) ?? [])]).toEqual(expected);
        expect(await applied(vaultId)).toEqual(expected);
      }
      await records.has(wanted);
      expect(new Set(records.ids()).size).toBe(wanted.length);
      expect((await setup.database.query('SELECT FROM audit_inbox')).rowCount).toBe(0);
      process.stdout.write(
        `losses ${two.losses}, overtaken ${two.overtaken}, repeated ${repeated} events, re-read ${rereads.length} times\n`,
      );
      expect(two.losses).toBe(LOSSES);
      expect(two.overtaken).toBeGreaterThan(0);
      expect(repeated).toBeGreaterThan(0);
    },
    TEST_MS,
  );
});

function processor(rereads: string[]): Processor {
  const { database } = setup;
  const log = createOwnerLog(database);
  return new Processor({
    consumer: newId(),
    topic: events,
    database,
    checkpoints: createCheckpointStore(database),
    owner: {
      heads: () => log.heads(),
      readVault: (vaultId, from, limit) => {
        rereads.push(vaultId);
        return log.readVault(vaultId, from, limit);
      },
    },
    // A second time would be a unique violation, and park the vault.
    apply: async (client, event: RecordedEvent) => {
      await client.query('INSERT INTO applied (vault_id, seq) VALUES ($1, $2)', [event.vaultId, event.vaultSeq]);
    },
    onParked: (vaultId, seq, error) => {
      throw new Error(`${vaultId} was parked at ${seq}`, { cause: error });
    },
    isTransient,
  });
}

async function applied(vaultId: string): Promise<number[]> {
  const { rows } = await setup.database.query<{ seq: string }>(
    'SELECT seq FROM applied WHERE vault_id = $1 ORDER BY position',
    [vaultId],
  );
  return rows.map(({ seq }) => Number(seq));
}

async function appliedUpTo(heads: readonly { readonly vaultId: string; readonly seq: number }[]): Promise<void> {
  const deadline = Date.now() + 100_000;
  for (const { vaultId, seq } of heads) {
    while ((await applied(vaultId)).length < seq) {
      if (Date.now() > deadline) throw new Error(`${vaultId} was not applied up to ${seq}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
