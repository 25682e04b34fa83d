import { ConcurrencyConflict, type EventStore } from '@coffer/event-sourcing';
import { createEventStore, rebuildProjection } from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import { anAppend, anEvent, seededRandom, type Random } from '@coffer/testing';
import { rowsOf, storeSetup, thingProjection, type StoreSetup } from './event-store-setup.js';

const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'];
const WRITERS = 8;
const EACH = 60;

describe('a rebuilt projection', () => {
  let setup: StoreSetup;
  let store: EventStore;
  beforeAll(async () => {
    setup = await storeSetup();
    store = createEventStore({ database: setup.database, projections: [thingProjection] });
  });
  afterAll(() => setup.close());

  it('equals the live one, byte for byte, after random commands of many writers', async () => {
    await randomCommands(store, 1);
    const live = await rowsOf(setup.database, 'things');
    expect(live.length).toBeGreaterThan(0);
    await setup.database.query(`UPDATE things SET done = -1`);
    await rebuildProjection(setup.database, thingProjection);
    expect(await rowsOf(setup.database, 'things')).toEqual(live);
  });

  it('misses nothing that is appended while it is made', async () => {
    const writing = randomCommands(store, 1000);
    for (let i = 0; i < 5; i += 1) await rebuildProjection(setup.database, thingProjection);
    await writing;
    const live = await rowsOf(setup.database, 'things');
    await rebuildProjection(setup.database, thingProjection);
    expect(await rowsOf(setup.database, 'things')).toEqual(live);
  });
});

/** Writers that make, do and end things whose names they fight for; each name is of one vault, as names are. */
async function randomCommands(store: EventStore, seed: number): Promise<void> {
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => oneWriter(store, seededRandom(seed + writer))));
}

async function oneWriter(store: EventStore, random: Random): Promise<void> {
  let thing = { streamId: '', vaultId: '', version: 0 };
  for (let i = 0; i < EACH; i += 1) {
    const type = thing.version === 0 ? 'ThingMade' : random.chance(0.3) ? 'ThingGone' : 'ThingDone';
    const name = NAMES[random.below(NAMES.length)] ?? '';
    if (type === 'ThingMade') thing = { streamId: newId(), vaultId: `vault-${NAMES.indexOf(name) % 3}`, version: 0 };
    const event = {
      ...anEvent(type, { name, z: random.next(), a: 'ü' }),
      ...(random.chance(0.5) ? { sealed: newId() } : {}),
    };
    const { streamId, vaultId, version } = thing;
    const streams = [{ streamId, expectedVersion: version, events: [event] }];
    try {
      await store.append(
        anAppend({ vaultId, streams, commandId: event.eventId, recordedAt: 1e12 + random.below(1e9) }),
      );
      thing = { ...thing, version: type === 'ThingGone' ? 0 : version + 1 };
    } catch (error) {
      // The name is taken.
      if (!(error instanceof ConcurrencyConflict)) throw error;
    }
  }
}
