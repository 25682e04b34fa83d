import type { SharedEventStore } from '@coffer/event-store-postgres';
import { TcpProxy } from '../support/tcp-proxy.js';
import { change, instancesSetup, LEASE_MS, make, took, until, type InstancesSetup } from './instances-setup.js';

let setup: InstancesSetup;
beforeEach(async () => {
  setup = await instancesSetup();
});
afterEach(() => setup.close());

const instance: InstancesSetup['instance'] = (options) => setup.instance(options);

/** A lease that nobody renews: of a process that was killed. */
const leaveLease = () =>
  setup.database.query(
    `INSERT INTO leases (instance_id, expires_at, acked) VALUES ('killed', clock_timestamp() + $1 * interval '1 millisecond', 0)`,
    [LEASE_MS],
  );

/** Changes again and again until nothing holds a change up: one of them may have met a moment in which the machine stood still. */
const untilQuick = (store: SharedEventStore, name: string, version: number) =>
  until(async () => (await took(() => change(store, name, version++, 'again'))) < LEASE_MS / 2);

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
      for (const each of instances) {
        // What only gives is waited for a second at most, however long another instance takes to hear of it.
        if (version % 2) await until(async () => (await each.read('a'))?.includes(`value ${version}`) === true);
        else expect(await each.read('a')).toContain(`value ${version}`);
      }
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
    expect(loosened).toBeLessThan(LEASE_MS * 0.95);
    await leaveLease().catch(() =>
      setup.database.query(
        `UPDATE leases SET expires_at = clock_timestamp() + interval '${LEASE_MS} milliseconds' WHERE instance_id = 'killed'`,
      ),
    );
    const tightened = await took(() => change(one.store, 'a', 2, 'taken'));
    expect(tightened).toBeGreaterThan(LEASE_MS * 0.8);
    expect(tightened).toBeLessThan(2 * LEASE_MS);
  });

  it('that were stopped hold nothing up', async () => {
    const [one, two] = [await instance(), await instance()];
    await make(one.store, 'a');
    await two.lease.close();
    const { rows } = await setup.database.query('SELECT FROM leases');
    expect(rows).toHaveLength(1);
    await untilQuick(one.store, 'a', 1);
  });

  it('that are cut off from the database stop answering from memory before a change that tightens is acknowledged', async () => {
    const { host } = setup.connection;
    const proxy = await TcpProxy.start(() => `${host}/.s.PGSQL.5432`);
    setup.undo(() => proxy.stop());
    const one = await instance();
    const two = await instance({ connection: { ...setup.connection, host: '127.0.0.1', port: proxy.port } });
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
    await untilQuick(one.store, 'a', 3);
  });

  it('wait for the lease of one that was given a longer one', async () => {
    const { host } = setup.connection;
    const proxy = await TcpProxy.start(() => `${host}/.s.PGSQL.5432`);
    setup.undo(() => proxy.stop());
    const one = await instance({ leaseMs: LEASE_MS / 2 });
    const two = await instance({ connection: { ...setup.connection, host: '127.0.0.1', port: proxy.port } });
    await make(one.store, 'a');
    proxy.cut();
    await change(one.store, 'a', 1, 'taken');
    expect(two.lease.live()).toBe(false);
    expect(await two.read('a')).toContain('taken');
  });

  it('that lose their session and its notifications hear of everything with the next one', async () => {
    const [one, two] = [await instance(), await instance()];
    await make(one.store, 'a');
    for (let version = 1; version <= 5; version += 1) {
      await two.read('a');
      const { rowCount } = await setup.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'coffer-lease'`,
      );
      expect(rowCount).toBe(2);
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
    expect(waited).toBeLessThan(2 * LEASE_MS);
  });

  it('gets no lease from an instance that has none', async () => {
    const one = await instance();
    await one.lease.close();
    expect(one.lease.open(() => undefined).renew(0)).toBe(0);
  });
});
