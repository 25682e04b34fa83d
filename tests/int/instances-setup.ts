import { LeasedCache, type AppendRequest } from '@coffer/event-sourcing';
import {
  createEventStore,
  InstanceLease,
  type InstanceOptions,
  type SharedEventStore,
} from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import { storeSetup, thingProjection, type StoreSetup } from './event-store-setup.js';

/** A quarter of it is how long a statement of the lease may take: a busy disk needs more than a moment. */
export const LEASE_MS = 4_000;
const VAULT = 'vault';

export interface Instance {
  readonly lease: InstanceLease;
  readonly store: SharedEventStore;
  /** `last` of the thing, from memory where that is allowed. */
  read(name: string): Promise<string | undefined>;
  readonly loads: () => number;
}

/** Several processes of one service over one database of its own. */
export interface InstancesSetup extends StoreSetup {
  instance(options?: Partial<InstanceOptions>): Promise<Instance>;
  /** Done before everything is closed, the last first. */
  undo(step: () => Promise<unknown>): void;
}

export async function instancesSetup(): Promise<InstancesSetup> {
  const setup = await storeSetup();
  const steps: (() => Promise<unknown>)[] = [];
  return {
    ...setup,
    instance: async (options) => {
      const made = makeInstance(setup, options);
      await made.lease.start();
      steps.push(() => made.lease.close());
      return made;
    },
    undo: (step) => steps.push(step),
    close: async () => {
      for (const step of steps.reverse()) await step();
      await setup.close();
    },
  };
}

/** One process of a service, with a cache over its read model. `Loosened` events only give. */
function makeInstance(setup: StoreSetup, options?: Partial<InstanceOptions>): Instance {
  const database = setup.open();
  const lease = new InstanceLease({
    connection: setup.connection,
    database,
    leaseMs: LEASE_MS,
    announce: ({ vaultId, streamIds }) => {
      store.announce(vaultId, streamIds);
    },
    ...options,
  });
  const store = createEventStore({
    database,
    projections: [thingProjection],
    instances: {
      isChange: ({ streams }) => streams.some(({ expectedVersion }) => expectedVersion > 0),
      tightens: ({ meta }) => meta.actor.oid !== 'loosens',
      awaitEnforced: (change) => lease.awaitEnforced(change),
      awaitSeen: (change, milliseconds) => lease.awaitSeen(change, milliseconds),
    },
  });
  let loads = 0;
  const cache = new LeasedCache<string, { readonly streamId: string; readonly last: string }>({
    load: async (name) => {
      loads += 1;
      const { rows } = await database.query<{ stream_id: string; last: string }>(
        'SELECT stream_id, last FROM things WHERE name = $1',
        [name],
      );
      const row = rows[0];
      return row === undefined ? undefined : { streamId: row.stream_id, last: row.last };
    },
    keyOf: (name) => name,
    vaultOf: () => VAULT,
    streamsOf: ({ streamId }) => [streamId],
    lease,
  });
  store.onAppend((vaultId, streamIds) => {
    cache.invalidate(vaultId, streamIds);
  });
  return { lease, store, loads: () => loads, read: async (name) => (await cache.get(name))?.last };
}

export function append(
  streamId: string,
  expectedVersion: number,
  type: string,
  data: object,
  oid = 'tightens',
): AppendRequest {
  return {
    vaultId: VAULT,
    streams: [{ streamId, expectedVersion, events: [{ eventId: newId(), type, schemaVersion: 1, data }] }],
    meta: { actor: { oid }, correlationId: newId(), region: 'local' },
    recordedAt: Date.now(),
    commandId: newId(),
  };
}

export const make = (store: SharedEventStore, name: string) =>
  store.append(append(`thing-${name}`, 0, 'ThingMade', { name }));
export const change = (store: SharedEventStore, name: string, version: number, value: string, oid?: string) =>
  store.append(append(`thing-${name}`, version, 'ThingDone', { value }, oid));

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

export async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
