import { CommandHandler, type Decider, type DomainEvent, type EventStore } from '@coffer/event-sourcing';
import { aMeta } from '@coffer/testing';
import { TcpProxy } from '../support/tcp-proxy.js';
import {
  change,
  instancesSetup,
  LEASE_MS,
  make,
  took,
  until,
  type Instance,
  type InstancesSetup,
} from './instances-setup.js';

let setup: InstancesSetup;
beforeEach(async () => {
  setup = await instancesSetup();
});
afterEach(() => setup.close());

/** What an append over existing streams leaves, but for its notification: those may come late, or never. */
async function changeWithoutNotice(name: string, value: string): Promise<void> {
  await setup.database.query(
    `WITH thing AS (
       UPDATE things SET last = $2 WHERE name = $1 RETURNING stream_id
     ), head AS (
       UPDATE change_head SET tseq = tseq + 1 RETURNING tseq
     )
     INSERT INTO changes (tseq, vault_ids, stream_ids) SELECT tseq, '{vault}', ARRAY[stream_id] FROM head, thing`,
    [name, value],
  );
}

/** The clock of the database's machine moves; rows keep the times that they were written with. */
const clockJumps = (hours: number) =>
  setup.database.query(
    `WITH leases AS (UPDATE leases SET expires_at = expires_at - $1 * interval '1 hour')
     UPDATE changes SET recorded_at = recorded_at - $1 * interval '1 hour'`,
    [hours],
  );

const count = async (table: string) => {
  const { rows } = await setup.database.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
  return Number(rows[0]?.n);
};

type Switched = DomainEvent<'SwitchedOn' | 'SwitchedOff', object>;

/** Switches one lamp; what it is already is nothing to do. */
function switchOf(store: EventStore): (command: 'on' | 'off') => Promise<unknown> {
  const lamp: Decider<boolean, 'on' | 'off', Switched> = {
    initialState: false,
    decide: (command, on) => (on === (command === 'on') ? [] : [{ type: on ? 'SwitchedOff' : 'SwitchedOn', data: {} }]),
    evolve: (_, { type }) => type === 'SwitchedOn',
  };
  const handler = new CommandHandler(store, lamp);
  return (command) =>
    handler.handle({ vaultId: 'vault', streamId: 'lamp-1', command, meta: aMeta, now: 1_800_000_000_000 });
}

/** An instance whose session can be cut off while its pool still reaches the database. */
async function instanceThroughProxy(): Promise<{ readonly proxy: TcpProxy; readonly instance: Instance }> {
  const { host } = setup.connection;
  const proxy = await TcpProxy.start(() => `${host}/.s.PGSQL.5432`);
  setup.undo(() => proxy.stop());
  return {
    proxy,
    instance: await setup.instance({ connection: { ...setup.connection, host: '127.0.0.1', port: proxy.port } }),
  };
}

describe('an instance that began when nothing had changed yet', () => {
  it('applies the first change also when a renewal meets it before its notification', async () => {
    const one = await setup.instance();
    await make(one.store, 'a');
    expect(await one.read('a')).toContain('"a"');
    await changeWithoutNotice('a', 'disabled');
    await until(() => one.lease.appliedSeq() === 1);
    expect(one.lease.live()).toBe(true);
    expect(await one.read('a')).toBe('disabled');
  });
});

describe('a command that finds nothing left to do', () => {
  it("is answered when what another one has done holds everywhere, like that one's own", async () => {
    const [one, two, three] = [await setup.instance(), await setup.instance(), await setup.instance()];
    const [on, off] = [switchOf(one.store), switchOf(two.store)];
    await on('on');
    const holder = three.lease.open(() => undefined);
    holder.renew(three.lease.appliedSeq());
    const answered: string[] = [];
    const first = on('off').then(() => answered.push('first'));
    await until(() => three.lease.appliedSeq() === 1);
    const second = off('off').then(() => answered.push('second'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered).toEqual([]);
    holder.acknowledge(1);
    await Promise.all([first, second]);
  });
});

describe("a jump of the database's clock", () => {
  it('forward does not end the lease of an instance that is cut off', async () => {
    const one = await setup.instance();
    const { proxy, instance: two } = await instanceThroughProxy();
    await make(one.store, 'a');
    await two.read('a');
    proxy.cut();
    await clockJumps(2);
    await change(one.store, 'a', 1, 'taken');
    expect(two.lease.live()).toBe(false);
    expect(await two.read('a')).toContain('taken');
  });

  it('back does not hold up a change for longer than a lease', async () => {
    const one = await setup.instance();
    const { proxy } = await instanceThroughProxy();
    await make(one.store, 'a');
    proxy.cut();
    await clockJumps(-2);
    const waited = await took(() => change(one.store, 'a', 1, 'taken'));
    expect(waited).toBeGreaterThan(LEASE_MS / 2);
    expect(waited).toBeLessThan(2 * LEASE_MS);
  });
});

describe('changes and leases that are old by the clock', () => {
  it('are kept for an instance that is there and has not applied them', async () => {
    const one = await setup.instance({ pruneEveryMs: 50 });
    const two = await setup.instance();
    await make(one.store, 'a');
    await two.read('a');
    const holder = two.lease.open(() => undefined);
    holder.renew(two.lease.appliedSeq());
    const changing = change(one.store, 'a', 1, 'taken');
    await until(() => two.lease.appliedSeq() === 1);
    await clockJumps(2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([await count('leases'), await count('changes')]).toEqual([2, 1]);
    holder.acknowledge(1);
    await changing;
    await clockJumps(2);
    await until(async () => (await count('changes')) === 0);
    expect(await count('leases')).toBe(2);
  });

  it('go with the instance that is gone for a lease, as another one has seen it', async () => {
    await setup.instance({ pruneEveryMs: 50 });
    await setup.database.query("INSERT INTO leases VALUES ('killed', clock_timestamp() + interval '1 day', 0)");
    const waited = await took(() => until(async () => (await count('leases')) === 1));
    expect(waited).toBeGreaterThan(LEASE_MS * 0.9);
  });
});

describe('what an instance has missed and cannot be told any more', () => {
  it('makes it forget everything, also when nothing has changed since', async () => {
    const one = await setup.instance();
    await make(one.store, 'a');
    await change(one.store, 'a', 1, 'before');
    await one.read('a');
    await setup.database.query(
      `WITH thing AS (UPDATE things SET last = 'after') UPDATE change_head SET tseq = tseq + 5`,
    );
    await until(async () => (await one.read('a')) === 'after');
    expect(one.lease.live()).toBe(true);
    expect(one.lease.appliedSeq()).toBe(6);
  });

  it('ends the leases that it has given, and holds up changes until those have ended', async () => {
    const [one, two] = [await setup.instance(), await setup.instance()];
    await make(one.store, 'a');
    const holder = two.lease.open(() => undefined);
    const renewedAt = performance.now();
    const granted = holder.renew(two.lease.appliedSeq());
    let lapsed = false;
    two.lease.onLapse(() => {
      lapsed = true;
    });
    await setup.database.query('UPDATE change_head SET tseq = tseq + 5');
    await until(() => lapsed);
    holder.acknowledge(6);
    expect(holder.renew(6)).toBe(0);
    await change(one.store, 'a', 1, 'taken');
    expect(performance.now() - renewedAt).toBeGreaterThanOrEqual(granted);
  });

  it('is never taken for what a database with lost commits numbers the same', async () => {
    const one = await setup.instance();
    await make(one.store, 'a');
    for (let version = 1; version <= 3; version += 1) await change(one.store, 'a', version, `value ${version}`);
    await one.read('a');
    await setup.database.query(
      `WITH thing AS (UPDATE things SET last = 'restored'), head AS (UPDATE change_head SET tseq = 1)
       DELETE FROM changes WHERE tseq > 1`,
    );
    await until(() => one.lease.appliedSeq() === 1);
    expect(await one.read('a')).toBe('restored');
    await changeWithoutNotice('a', 'later');
    await until(() => one.lease.appliedSeq() === 2);
    expect(await one.read('a')).toBe('later');
  });
});
