import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Database, SqlClient } from '@coffer/event-sourcing';
import { isUnavailable } from './faults.js';

/** Plain numbered SQL files (`0001-name.sql`), forward only; each component counts for itself. */
export interface MigrationSet {
  readonly component: string;
  /** `file:` URL that ends in `/`. */
  readonly directory: URL;
}

export const eventStoreMigrations: MigrationSet = {
  component: 'event-store',
  directory: new URL('../migrations/event-store/', import.meta.url),
};
export const consumerMigrations: MigrationSet = {
  component: 'consumer',
  directory: new URL('../migrations/consumer/', import.meta.url),
};

/** A migration that was applied here is not the one in this release. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

export interface MigrateOptions {
  /** Told of a migration that a newer release has applied here: this one runs on, as any two releases in a row must. */
  readonly onUnknown?: (migration: { readonly component: string; readonly file: string }) => void;
}

interface Migration {
  readonly number: number;
  readonly file: string;
  readonly sql: string;
  readonly sha256: string;
}

/** Of the advisory locks in a service's database. */
const LOCK = 0x6d696772; // 'migr'
const FILE = /^(\d{4})-[a-z0-9-]+\.sql$/;

/**
 * Applies what is missing, in the order of the sets and numbers, in one transaction under an advisory lock: two processes
 * may migrate at once. Numbers beyond this release are left alone (a newer one ran before). Throws MigrationError when an
 * applied file was edited or a number is missing.
 */
export async function migrate(
  database: Database,
  sets: readonly MigrationSet[],
  options: MigrateOptions = {},
): Promise<void> {
  const found = await Promise.all(sets.map(async (set) => ({ set, migrations: await readSet(set) })));
  await database.transaction(async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    await client.query(
      `CREATE TABLE IF NOT EXISTS schema_migrations (
         component  text COLLATE "C" NOT NULL,
         number     integer NOT NULL,
         file       text NOT NULL,
         sha256     text NOT NULL,
         applied_at timestamptz NOT NULL DEFAULT now(),
         PRIMARY KEY (component, number))`,
    );
    for (const { set, migrations } of found) await applySet(client, set.component, migrations, options);
  });
}

async function applySet(
  client: SqlClient,
  component: string,
  migrations: readonly Migration[],
  { onUnknown }: MigrateOptions,
): Promise<void> {
  const applied = await appliedOf(client, component);
  const last = Math.max(0, ...applied.keys());
  for (const migration of migrations) {
    const { number, file, sha256 } = migration;
    const before = applied.get(number);
    if (before === undefined && number < last) {
      throw new MigrationError(`${component}/${file} was left out, though later ones were applied to this database.`);
    }
    if (before !== undefined && (before.sha256 !== sha256 || before.file !== file)) {
      throw new MigrationError(
        `${component}/${file} was applied to this database in another form: migrations are never edited.`,
      );
    }
    if (before === undefined) await apply(client, component, migration);
  }
  for (const [number, { file }] of applied) {
    if (number > migrations.length) onUnknown?.({ component, file });
  }
}

async function appliedOf(
  client: SqlClient,
  component: string,
): Promise<ReadonlyMap<number, { readonly file: string; readonly sha256: string }>> {
  const { rows } = await client.query<{ number: number; file: string; sha256: string }>(
    'SELECT number, file, sha256 FROM schema_migrations WHERE component = $1 ORDER BY number',
    [component],
  );
  return new Map(rows.map((row) => [row.number, row]));
}

async function apply(client: SqlClient, component: string, { number, file, sql, sha256 }: Migration): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(`${component}/${file} failed: ${reason}`, { cause: error });
  }
  await client.query('INSERT INTO schema_migrations (component, number, file, sha256) VALUES ($1, $2, $3, $4)', [
    component,
    number,
    file,
    sha256,
  ]);
}

async function readSet({ component, directory }: MigrationSet): Promise<readonly Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, i) => {
      const number = Number(FILE.exec(file)?.[1]);
      if (number !== i + 1) throw new MigrationError(`${component}/${file}: expected the number ${i + 1}.`);
      // A checkout may turn line feeds into CR LF; that is no edit.
      const sql = (await readFile(new URL(file, directory), 'utf8')).replaceAll('\r\n', '\n');
      return { number, file, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}
