import { LeasedCache, type AppendRequest } from '@coffer/event-sourcing';
import { createEventStore, InstanceLease, type SharedEventStore } from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import type pg from 'pg';
import { TcpProxy } from '../support/tcp-proxy.js';
import { storeSetup, thingProjection, type StoreSetup } from './event-store-setup.js';

/** A quarter of it is how long a statement of the lease may take: a busy disk needs more than a moment. */
const LEASE_MS = 4_000;
const VAULT = 'vault';

interface Instance {
  readonly lease: InstanceLease;
  readonly store: SharedEventStore;
  /** `last` of the thing, from memory where that is allowed. */
  read(name: string): Promise<string | undefined>;
  readonly loads: () => number;
}

let setup: StoreSetup;
let undo: (() => Promise<unknown>)[];
beforeEach(async () => {
  setup = await storeSetup();
  undo = [];
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  await setup.close();
});

/** One process of a service, with a cache over its read model. `Loosened` events only give. */
async function instance(connection: pg.ClientConfig = setup.connection): Promise<Instance> {
  const database = setup.open();
  const lease = new InstanceLease({
    connection,
    database,
    leaseMs: LEASE_MS,
    announce: ({ vaultId, streamIds }) => {
      store.announce(vaultId, streamIds);
    },
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
  await lease.start();
  undo.push(() => lease.close());
  return { lease, store, loads: () => loads, read: async (name) => (await cache.get(name))?.last };
}

function append(
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

const make = (store: SharedEventStore, name: string) => store.append(append(`thing-${name}`, 0, 'ThingMade', { name }));
const change = (store: SharedEventStore, name: string, version: number, value: string, oid?: string) =>
  store.append(append(`thing-${name}`, version, 'ThingDone', { value }, oid));

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A lease that nobody renews: of a process that was killed. */
const leaveLease = () =>
  setup.database.query(
    `INSERT INTO leases (instance_id, expires_at, acked) VALUES ('killed', clock_timestamp() + $1 * interval '1 millisecond', 0)`,
    [LEASE_MS],
  );

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

describe('instances over one database', () => {
  it('answer from memory, and never with what an acknowledged change has outdated', async () => {
    const instances = [await instance(), await instance(), await instance()];
    const [first] = instances;
    if (first === undefined) throw new Error('no instance');
    await make(first.store, 'a');
    for (let version = 1; version <= 60; version += 1) {
      const writer = instances[version % 3];
      await Promise.all(instances.map((each) => each.read('a')));
      if (writer !== undefined)
        await change(writer.store, 'a', version, `value ${version}`, version % 2 ? 'loosens' : undefined);
      for (const each of instances) expect(await each.read('a')).toContain(`value ${version}`);
    }
    const loads = instances.map((each) => each.loads());
    await Promise.all(instances.map((each) => each.read('a')));
    expect(instances.map((each) => each.loads())).toEqual(loads);
  });

  it('agree under sixteen writers on both of two, each change numbered in the order of its commit', async () => {
    const [one, two] = [await instance(), await instance()];
    const names = Array.from({ length: 16 }, (_, i) => `n${i}`);
    await Promise.all(names.map((name) => make(one.store, name)));
    await Promise.all(
      names.map(async (name, i) => {
        for (let version = 1; version <= 12; version += 1) {
          await change((i + version) % 2 === 0 ? one.store : two.store, name, version, `${version}`);
          const seen = await Promise.all([one.read(name), two.read(name)]);
          for (const last of seen) expect(last).toContain(JSON.stringify({ value: `${version}` }));
        }
      }),
    );
    const { rows } = await setup.database.query<{ n: string; last: string; head: string }>(
      'SELECT count(*) AS n, max(tseq) AS last, (SELECT tseq FROM change_head) AS head FROM changes',
    );
    expect(rows[0]?.n).toBe(rows[0]?.last);
    expect(rows[0]?.n).toBe(rows[0]?.head);
    expect(one.lease.appliedSeq()).toBe(two.lease.appliedSeq());
  });

  it('that were killed hold up a change that tightens for a lease at most, and another one for a second', async () => {
    const one = await instance();
    await make(one.store, 'a');
    await leaveLease();
    const loosened = await took(() => change(one.store, 'a', 1, 'given', 'loosens'));
    expect(loosened).toBeGreaterThan(900);
    expect(loosened).toBeLessThan(LEASE_MS * 0.75);
    await leaveLease().catch(() =>
      setup.database.query(
        `UPDATE leases SET expires_at = clock_timestamp() + interval '${LEASE_MS} milliseconds' WHERE instance_id = 'killed'`,
      ),
    );
    const tightened = await took(() => change(one.store, 'a', 2, 'taken'));
    expect(tightened).toBeGreaterThan(LEASE_MS * 0.8);
    expect(tightened).toBeLessThan(LEASE_MS + 1_500);
  });

  it('that were stopped hold nothing up', async () => {
    const [one, two] = [await instance(), await instance()];
    await make(one.store, 'a');
    await two.lease.close();
    expect(await took(() => change(one.store, 'a', 1, 'taken'))).toBeLessThan(LEASE_MS / 2);
  });

  it('that are cut off from the database stop answering from memory before a change that tightens is acknowledged', async () => {
    const { host } = setup.connection;
    const proxy = await TcpProxy.start(() => `${host}/.s.PGSQL.5432`);
    undo.push(() => proxy.stop());
    const one = await instance();
    const two = await instance({ ...setup.connection, host: '127.0.0.1', port: proxy.port });
    await make(one.store, 'a');
    await change(one.store, 'a', 1, 'before');
    expect(await two.read('a')).toContain('before');
    expect(two.lease.live()).toBe(true);
    proxy.cut();
    await change(one.store, 'a', 2, 'after');
    expect(two.lease.live()).toBe(false);
    expect(await two.read('a')).toContain('after'); // read through: only its session is cut off
    proxy.heal();
    await until(() => two.lease.live());
    expect(await two.read('a')).toContain('after');
    expect(await took(() => change(one.store, 'a', 3, 'again'))).toBeLessThan(LEASE_MS);
  });

  it('that lose their session and its notifications hear of everything with the next one', async () => {
    const [one, two] = [await instance(), await instance()];
    await make(one.store, 'a');
    for (let version = 1; version <= 5; version += 1) {
      await two.read('a');
      await setup.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE '%coffer_%' AND pid <> pg_backend_pid()`,
      );
      await change(one.store, 'a', version, `value ${version}`);
      expect(await two.read('a')).toContain(`value ${version}`);
      await until(() => two.lease.live() && one.lease.live());
    }
  });

  it('forget everything when changes they have missed are gone', async () => {
    const one = await instance();
    let lapsed = 0;
    one.lease.onLapse(() => {
      lapsed += 1;
    });
    await setup.database.query('UPDATE change_head SET tseq = tseq + 5');
    const two = await instance();
    await make(two.store, 'a');
    await change(two.store, 'a', 1, 'after the gap');
    await until(() => lapsed > 0); // the change takes nothing away: its writer waits for a second at most
    expect(lapsed).toBe(1);
  });
});

describe('a cache in another process, with a lease of an instance', () => {
  it('holds up a change until it has acknowledged it, wherever it was made', async () => {
    const [one, two] = [await instance(), await instance()];
    await make(one.store, 'a');
    const heard: number[] = [];
    const holder = two.lease.open(({ seq }) => heard.push(seq));
    expect(holder.renew(two.lease.appliedSeq())).toBeGreaterThan(0);
    let acknowledged = false;
    const changing = change(one.store, 'a', 1, 'taken').then(() => {
      acknowledged = true;
    });
    await until(() => heard.length === 1);
    await two.read('a');
    expect(acknowledged).toBe(false);
    holder.acknowledge(heard[0] ?? 0);
    await changing;
  });

  it('that says nothing more ends with its lease, also when it has gone', async () => {
    const [one, two] = [await instance(), await instance()];
    await make(one.store, 'a');
    const holder = two.lease.open(() => undefined);
    const granted = holder.renew(two.lease.appliedSeq());
    holder.close();
    const waited = await took(() => change(one.store, 'a', 1, 'taken'));
    expect(granted).toBeLessThanOrEqual(LEASE_MS);
    expect(waited).toBeGreaterThan(granted * 0.8);
    expect(waited).toBeLessThan(LEASE_MS + 1_500);
  });

  it('gets no lease from an instance that has none', async () => {
    const one = await instance();
    await one.lease.close();
    expect(one.lease.open(() => undefined).renew(0)).toBe(0);
  });
});
