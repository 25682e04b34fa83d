import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Database, SqlClient } from '@coffer/event-sourcing';

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
export async function migrate(database: Database, sets: readonly MigrationSet[]): Promise<void> {
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
    for (const { set, migrations } of found) await applySet(client, set.component, migrations);
  });
}

async function applySet(client: SqlClient, component: string, migrations: readonly Migration[]): Promise<void> {
  const { rows } = await client.query<{ number: number; sha256: string }>(
    'SELECT number, sha256 FROM schema_migrations WHERE component = $1',
    [component],
  );
  const applied = new Map(rows.map(({ number, sha256 }) => [number, sha256]));
  for (const { number, file, sql, sha256 } of migrations) {
    const before = applied.get(number);
    if (before !== undefined && before !== sha256) {
      throw new MigrationError(
        `${component}/${file} was applied to this database in another form: migrations are never edited.`,
      );
    }
    if (before !== undefined) continue;
    await client.query(sql);
    await client.query('INSERT INTO schema_migrations (component, number, file, sha256) VALUES ($1, $2, $3, $4)', [
      component,
      number,
      file,
      sha256,
    ]);
  }
}

async function readSet({ component, directory }: MigrationSet): Promise<readonly Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, i) => {
      const number = Number(FILE.exec(file)?.[1]);
      if (number !== i + 1) throw new MigrationError(`${component}/${file}: expected the number ${i + 1}.`);
      const sql = await readFile(new URL(file, directory), 'utf8');
      return { number, file, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}
