import {
  Processor,
  type EventStore,
  type OwnerLog,
  type ProcessorOptions,
  type RecordedEvent,
  type SqlClient,
} from '@coffer/event-sourcing';
import {
  createCheckpointStore,
  createEventStore,
  createOwnerLog,
  createRelay,
  isTransient,
  parkedVaults,
} from '@coffer/event-store-postgres';
import { CofferError, newId } from '@coffer/kernel';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { anAppend, anEvent, appendRetrying, faultyFeed, seededRandom } from '@coffer/testing';
import { storeSetup, type StoreSetup } from './event-store-setup.js';

const topic = 'events';

describe('a processor', () => {
  let setup: StoreSetup;
  let store: EventStore;
  beforeEach(async () => {
    setup = await storeSetup();
    await setup.database.query(
      'CREATE TABLE seen (vault_id text, seq bigint, event_id text, PRIMARY KEY (vault_id, seq))',
    );
    store = createEventStore({ database: setup.database, projections: [] });
  });
  afterEach(() => setup.close());

  /** Writes an event down; a second time is a unique violation, so that nothing is applied twice unseen. */
  const noteDown = async (client: SqlClient, event: RecordedEvent) => {
    await client.query('INSERT INTO seen VALUES ($1, $2, $3)', [event.vaultId, event.vaultSeq, event.eventId]);
  };
  const processor = (options: Partial<ProcessorOptions> = {}) => {
    const { database } = setup;
    const parked: string[] = [];
    const onParked = (vaultId: string, seq: number) => parked.push(`${vaultId}@${seq}`);
    const processing = new Processor({
      ...{
        consumer: 'spec',
        topic,
        database,
        checkpoints: createCheckpointStore(database),
        owner: createOwnerLog(database),
      },
      ...{ apply: noteDown, onParked, isTransient },
      ...options,
    });
    return { processing, parked };
  };
  const seen = async (vaultId: string) => {
    const { rows } = await setup.database.query<{ seq: string }>(
      'SELECT seq FROM seen WHERE vault_id = $1 ORDER BY seq',
      [vaultId],
    );
    return rows.map(({ seq }) => Number(seq));
  };
  const append = async (vaultId: string, type?: string) =>
    (
      await store.append(
        anAppend({ vaultId, streams: [{ streamId: newId(), expectedVersion: 0, events: [anEvent(type)] }] }),
      )
    ).events;
  const messageOf = (event: RecordedEvent) => ({
    ...{ topic, key: event.vaultId, id: event.eventId, type: event.type, seq: event.vaultSeq, time: event.recordedAt },
    body: event,
  });

  it('re-reads from the owner what a jump of the numbers hides', async () => {
    for (let i = 0; i < 3; i += 1) await append('v1');
    const [fourth] = await append('v1');
    const { processing } = processor();
    await processing.handle([messageOf(fourth as RecordedEvent)]);
    expect(await seen('v1')).toEqual([1, 2, 3, 4]);
  });

  it('applies an event once when it comes many times, and catches up at its start', async () => {
    const [first] = await append('v1');
    const { processing } = processor();
    const feed = createMemoryFeed();
    const subscription = await processing.start(feed);
    expect(await seen('v1')).toEqual([1]);
    const again = Array.from({ length: 8 }, () => feed.publish([messageOf(first as RecordedEvent)]));
    await Promise.all(again);
    expect(await seen('v1')).toEqual([1]);
    await subscription.stop();
  });

  it('parks the vault of a poison event while others go on, and goes on with it once released', async () => {
    let poison = true;
    const apply = async (client: SqlClient, event: RecordedEvent) => {
      if (poison && event.type === 'ThingBroken') throw new Error('cannot apply');
      await noteDown(client, event);
    };
    const { processing, parked } = processor({ apply });
    const events = [await append('bad'), await append('bad', 'ThingBroken'), await append('bad'), await append('good')];
    await processing.handle(events.flat().map(messageOf));
    expect(parked).toEqual(['bad@2']);
    expect([await seen('bad'), await seen('good')]).toEqual([[1], [1]]);
    expect(await parkedVaults(setup.database)).toEqual([
      { consumer: 'spec', vaultId: 'bad', atSeq: 2, error: 'cannot apply' },
    ]);
    poison = false;
    expect(await processing.release('bad')).toBe(true);
    expect(await seen('bad')).toEqual([1, 2, 3]);
    expect(await processing.release('bad')).toBe(false);
  });

  it('parks nothing for a fault of the infrastructure', async () => {
    const [event] = await append('v1');
    const away = new CofferError('ServiceUnavailable', 'away');
    const { processing, parked } = processor({ apply: () => Promise.reject(away) });
    await expect(processing.handle([messageOf(event as RecordedEvent)])).rejects.toBe(away);
    expect(parked).toEqual([]);
    expect(await parkedVaults(setup.database)).toEqual([]);
  });

  it.each([11, 12, 13])(
    'comes to the same end over a feed that loses, repeats and mixes messages (seed %d)',
    async (seed) => {
      const random = seededRandom(seed);
      const memory = createMemoryFeed({ retryMs: 1 });
      const feed = faultyFeed(memory, { random, duplicate: 0.2, delay: 0.2, lose: 0.1, mixKeys: true });
      const { database, connection } = setup;
      const rereads: string[] = [];
      const log = createOwnerLog(database);
      const owner: OwnerLog = {
        heads: () => log.heads(),
        readVault: (vaultId, from, limit) => {
          rereads.push(vaultId);
          return log.readVault(vaultId, from, limit);
        },
      };
      const { processing, parked } = processor({ owner });
      const subscription = await processing.start(memory);
      const relay = createRelay({ database, connection, feed, topics: { events: topic }, wakeEveryMs: 5, gatherMs: 1 });
      await relay.start();
      const vaults = ['v1', 'v2', 'v3'];
      await Promise.all(
        Array.from({ length: 16 }, async (_, writer) => {
          for (let i = 0; i < 10; i += 1) {
            await appendRetrying(
              store,
              vaults[(writer + i) % 3] ?? '',
              `${writer}-${i % 2}-${(writer + i) % 3}`,
              anEvent(),
            );
          }
        }),
      );
      await relay.drained();
      await feed.flush();
      await processing.catchUp();
      await relay.stop();
      await subscription.stop();
      for (const vaultId of vaults) {
        expect(await seen(vaultId)).toEqual((await store.readVault(vaultId, 1, 1000)).map((event) => event.vaultSeq));
      }
      expect(parked).toEqual([]);
      expect(rereads.length).toBeGreaterThan(0);
    },
  );
});
