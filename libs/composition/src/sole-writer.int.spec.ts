import pg from 'pg';
import { becomeSoleWriter, SecondInstanceError, type SoleWriter } from './sole-writer.js';

/** A database that no other spec locks. */
const connection: pg.ClientConfig = {
  host: process.env['COFFER_TEST_POSTGRES'] ?? '',
  user: 'coffer',
  database: `sole_writer_${process.pid}`,
};

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** Ends the session that holds the lock, as a restart of the server would. */
const endSession = () =>
  administer(
    `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND l.granted AND d.datname = '${connection.database ?? ''}'`,
  );

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
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
    await endSession();
    await until(() => !writer.live());
    await until(() => writer.live());
    await expect(become()).rejects.toBeInstanceOf(SecondInstanceError);
  });

  it('must stop when another process has taken the lock meanwhile', async () => {
    let lost: Error | undefined;
    const writer = await become((error) => {
      lost = error;
    });
    // The other process waits for the very moment.
    const other = new pg.Client(connection);
    await other.connect();
    const taken = other.query(
      'SELECT pg_advisory_lock(l.objid::bigint) FROM pg_locks l WHERE locktype = $1 AND granted',
      ['advisory'],
    );
    await until(() => writer.live());
    await endSession();
    await taken;
    await until(() => lost !== undefined);
    expect(lost).toBeInstanceOf(SecondInstanceError);
    expect(writer.live()).toBe(false);
    await other.end();
  });
});
