import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Database, SqlClient } from '@coffer/event-sourcing';
import { fileRootKey, Keyring, keyringMigrations, type KeyringOptions, type RootKeyProvider } from '@coffer/keyring';
import pg from 'pg';
import { createTestDatabase } from '../support/postgres.js';

export interface KeyringSetup {
  readonly database: Database;
  /** In a directory of its own. */
  readonly rootKeyFile: string;
  /** Moves with `advance`. */
  readonly clock: { now(): number; monotonic(): number };
  advance(milliseconds: number): void;
  /** A keyring as one more process would open it. */
  open(options?: Partial<KeyringOptions>): Promise<Keyring>;
  close(): Promise<void>;
}

/** A migrated database without a root key. */
export async function keyringSetup(): Promise<KeyringSetup> {
  const test = await createTestDatabase('keyring');
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-keyring-'));
  const rootKeyFile = path.join(directory, 'root.key');
  const pool = new pg.Pool({ ...test.connection, max: 20 });
  pool.on('error', () => undefined); // dropping the database ends connections that are still closing
  for (const file of (await readdir(keyringMigrations.directory)).sort()) {
    await pool.query(await readFile(new URL(file, keyringMigrations.directory), 'utf8'));
  }
  const database = databaseOver(pool);
  let now = 1_800_000_000_000;
  const clock = { now: () => now, monotonic: () => now };
  const rootKey: RootKeyProvider = fileRootKey(rootKeyFile);
  return {
    database,
    rootKeyFile,
    clock,
    advance: (milliseconds) => {
      now += milliseconds;
    },
    open: (options = {}) => Keyring.open({ database, rootKey, clock, ...options }),
    close: async () => {
      await pool.end();
      await test.drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A database whose server has gone away. */
export function unreachable(): Database {
  const refuse = () => Promise.reject(new Error('connect ECONNREFUSED'));
  return { query: refuse, transaction: refuse };
}

function databaseOver(pool: pg.Pool): Database {
  const over = (queryable: pg.Pool | pg.PoolClient): SqlClient => ({
    query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
      queryable.query<Row & pg.QueryResultRow>(text, [...values]),
  });
  return {
    ...over(pool),
    transaction: async (work) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await work(over(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
  };
}
