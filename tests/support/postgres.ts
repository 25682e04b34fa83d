import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** An empty database of the test run's server. `drop` removes it and ends connections that are still open. */
export interface TestDatabase {
  readonly connection: pg.PoolConfig & { readonly host: string; readonly user: string; readonly database: string };
  drop(): Promise<void>;
}

/**
 * Creates a fresh, empty database (no migration has run). `name` only helps to recognise it in a listing: lower-case letters,
 * digits and `_`; a random suffix makes it unique. Needs the global setup, or COFFER_TEST_POSTGRES = host or socket directory.
 */
export async function createTestDatabase(name = 'test'): Promise<TestDatabase> {
  const host = process.env['COFFER_TEST_POSTGRES'];
  if (host === undefined) throw new Error('COFFER_TEST_POSTGRES is not set: run the spec through jest.config.js');
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(name)) throw new Error(`not a database name: ${name}`);
  const database = `${name}_${randomBytes(6).toString('hex')}`;
  const server = { host, user: 'coffer' };
  await administer({ ...server, database: 'postgres' }, `create database "${database}"`);
  return {
    connection: { ...server, database },
    drop: () => administer({ ...server, database: 'postgres' }, `drop database if exists "${database}" with (force)`),
  };
}

async function administer(connection: pg.ClientConfig, statement: string): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined); // a server that goes away rejects the query below; without this it would end the process
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
