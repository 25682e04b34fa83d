import pg from 'pg';
import { becomeSoleWriter, SecondInstanceError, type SoleWriter } from './sole-writer.js';

/** A database that no other spec locks. */
const connection: pg.ClientConfig = {
  host: process.env['COFFER_TEST_POSTGRES'] ?? '',
  user: 'coffer',
  database: `sole_writer_${process.pid}`,
};

interface Lock {
  readonly pid: number;
  readonly objid: string;
  readonly granted: boolean;
}

async function administer<Row extends pg.QueryResultRow>(statement: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  await client.connect();
  const { rows } = await client.query<Row>(statement, values);
  await client.end();
  return rows;
}

/** Who holds the lock of this spec's database, and who waits for it. */
const locks = () =>
  administer<Lock & pg.QueryResultRow>(
    `SELECT l.pid, l.objid::text, l.granted FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND d.datname = $1`,
    [connection.database],
  );

async function holder(): Promise<Lock> {
  const held = (await locks()).find(({ granted }) => granted);
  if (held === undefined) throw new Error('nobody holds the lock');
  return held;
}

/** Ends a session as a restart of the server would. */
const endSession = ({ pid }: Lock) => administer('SELECT pg_terminate_backend($1)', [pid]);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 100_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const writers: SoleWriter[] = [];
const become = async (onLost: (error: Error) => void = () => undefined) => {
  const writer = await becomeSoleWriter('test', connection, onLost);
  writers.push(writer);
  return writer;
};

beforeAll(() => administer(`CREATE DATABASE "${connection.database ?? ''}"`));
afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.close()));
});
afterAll(() => administer(`DROP DATABASE "${connection.database ?? ''}" WITH (FORCE)`));

describe('the sole writer of a database', () => {
  it('keeps a second process out for as long as it lives', async () => {
    const first = await become();
    expect(first.live()).toBe(true);
    await expect(become()).rejects.toBeInstanceOf(SecondInstanceError);
    await first.close();
    expect((await become()).live()).toBe(true);
  });

  it('has no lease while its session is lost, and takes it again', async () => {
    const writer = await become();
    const lost = until(() => !writer.live()); // it may have it again before the one who ended its session hears of it
    await endSession(await holder());
    await lost;
    await until(() => writer.live());
    await expect(become()).rejects.toBeInstanceOf(SecondInstanceError);
  });

  it('must stop when another process has taken the lock meanwhile', async () => {
    let lost: Error | undefined;
    const writer = await become((error) => {
      lost = error;
    });
    // The other process waits for the very moment.
    const held = await holder();
    const other = new pg.Client(connection);
    await other.connect();
    const taken = other.query('SELECT pg_advisory_lock($1)', [held.objid]);
    await until(async () => (await locks()).some(({ granted }) => !granted));
    await endSession(held);
    await taken;
    await until(() => lost !== undefined);
    expect(lost).toBeInstanceOf(SecondInstanceError);
    expect(writer.live()).toBe(false);
    await other.end();
  });
});
