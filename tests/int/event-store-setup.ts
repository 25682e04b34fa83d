import {
  consumerMigrations,
  eventStoreMigrations,
  migrate,
  openDatabase,
  type PostgresDatabase,
} from '@coffer/event-store-postgres';
import type { Database, InlineProjection, PendingEvent } from '@coffer/event-sourcing';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

export interface StoreSetup {
  readonly database: PostgresDatabase;
  readonly connection: TestDatabase['connection'];
  /** Another pool to the same database, as another process has. */
  open(): PostgresDatabase;
  readonly close: () => Promise<void>;
}

/** A migrated database of its own, with the table of `thingProjection`. */
export async function storeSetup(): Promise<StoreSetup> {
  const test = await createTestDatabase('store');
  const opened: PostgresDatabase[] = [];
  const open = () => {
    const database = openDatabase({ connection: test.connection });
    opened.push(database);
    return database;
  };
  const database = open();
  await migrate(database, [eventStoreMigrations, consumerMigrations]);
  await database.query(
    `CREATE TABLE things (name text COLLATE "C" PRIMARY KEY, stream_id text NOT NULL, done int NOT NULL, last text NOT NULL)`,
  );
  return {
    database,
    connection: test.connection,
    open,
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
      await test.drop();
    },
  };
}

/** Things by their names: made (takes the name), done any number of times, gone (frees the name). */
export const thingProjection: InlineProjection = {
  name: 'things',
  tables: ['things'],
  handles: new Set(['ThingMade', 'ThingDone', 'ThingGone']),
  apply: async (client, events) => {
    for (const event of events) await client.query(...statement(event));
  },
};

function statement(event: PendingEvent): [string, unknown[]] {
  switch (event.type) {
    case 'ThingMade':
      return [
        'INSERT INTO things (name, stream_id, done, last) VALUES ($1, $2, 0, $3)',
        [(event.data as { name: string }).name, event.streamId, JSON.stringify(event.data)],
      ];
    case 'ThingDone':
      return [
        'UPDATE things SET done = done + 1, last = $2 WHERE stream_id = $1',
        [event.streamId, `${JSON.stringify(event.data)} ${event.sealed ?? ''} ${event.recordedAt}`],
      ];
    default:
      return ['DELETE FROM things WHERE stream_id = $1', [event.streamId]];
  }
}

export async function rowsOf(database: Database, table: string): Promise<string[]> {
  const { rows } = await database.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t ORDER BY 1`);
  return rows.map(({ row }) => row);
}
