import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AttestationVerifier, Sealer } from '@coffer/contracts';
import type { EventStore, InlineProjection } from '@coffer/event-sourcing';
import {
  createEventStore,
  eventStoreMigrations,
  migrate,
  openDatabase,
  type MigrationSet,
  type PostgresDatabase,
} from '@coffer/event-store-postgres';
import type { Clock } from '@coffer/kernel';
import { createSealer, fileRootKey, Keyring, keyringMigrations, type Purpose } from '@coffer/keyring';
import { createAttestationVerifier } from '@coffer/token-verifier';
import { Pager } from '@coffer/wire';
import { createTestDatabase } from '../support/postgres.js';

/** What the features of keys and secrets ask of the app that composes them. */
export interface ObjectPorts {
  readonly database: PostgresDatabase;
  readonly store: EventStore;
  readonly sealer: Sealer;
  readonly backups: Sealer;
  /** Refuses everything. */
  readonly attestation: AttestationVerifier;
  readonly pager: Pager;
  readonly lease: { live(): boolean };
  readonly clock: Clock;
  readonly region: string;
}

export interface ObjectsSetup {
  readonly ports: ObjectPorts;
  /** Ports of one more process over the same database. */
  another(): ObjectPorts;
  /** Statements that any of the databases has run. */
  readonly statements: { count: number };
  /** Set to false to take the lease away. */
  readonly lease: { isLive: boolean };
  /** Milliseconds since the epoch; may be moved. */
  readonly time: { now: number };
  readonly keyring: Keyring;
  close(): Promise<void>;
}

/** A migrated database of its own with the real event store, keyring and sealer. */
export async function objectsSetup(options: {
  readonly purpose: Purpose;
  readonly migrations: MigrationSet;
  readonly projections: readonly InlineProjection[];
}): Promise<ObjectsSetup> {
  const test = await createTestDatabase(options.purpose);
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-objects-'));
  const database = openDatabase({ connection: test.connection });
  await migrate(database, [eventStoreMigrations, keyringMigrations, options.migrations]);
  const time = { now: 1_800_000_000_000 };
  const clock = { now: () => time.now, monotonic: () => time.now };
  const keyring = await Keyring.open({ database, clock, rootKey: fileRootKey(path.join(directory, 'root.key')) });
  const lease = { isLive: true };
  const statements = { count: 0 };
  const another = (): ObjectPorts => {
    const counted = counting(database, statements);
    return {
      database: counted,
      store: createEventStore({ database: counted, projections: options.projections }),
      sealer: createSealer(keyring.source(options.purpose)),
      backups: createSealer(keyring.source('key-backups')),
      attestation: createAttestationVerifier({ authorities: [], clock, clockSkewSeconds: 0 }),
      pager: new Pager(Buffer.alloc(32, 7)),
      lease: { live: () => lease.isLive },
      clock,
      region: 'local',
    };
  };
  const close = async () => {
    keyring.close();
    await database.close();
    await test.drop();
    await rm(directory, { recursive: true, force: true });
  };
  return { ports: another(), another, statements, lease, time, keyring, close };
}

function counting(database: PostgresDatabase, statements: { count: number }): PostgresDatabase {
  return {
    query: (text, values) => {
      statements.count += 1;
      return database.query(text, values);
    },
    transaction: (work) => {
      statements.count += 1;
      return database.transaction(work);
    },
    ping: () => database.ping(),
    close: () => database.close(),
  };
}

/** Every row of every table, as text: what somebody who has the whole database can read. */
export async function dump(database: PostgresDatabase): Promise<string> {
  const { rows: tables } = await database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    texts.push(`-- ${name}`, ...(await rowsOf(database, name)));
  }
  return texts.join('\n');
}

/** The rows of one table as text, in an order of their own. */
export async function rowsOf(database: PostgresDatabase, table: string): Promise<string[]> {
  const { rows } = await database.query<{ row: string }>(
    `SELECT t::text COLLATE "C" AS row FROM "${table}" AS t ORDER BY 1`,
  );
  return rows.map(({ row }) => row);
}
