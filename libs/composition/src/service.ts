import type { AuditSink } from '@coffer/contracts';
import type { EventStore, Feed, InlineProjection } from '@coffer/event-sourcing';
import {
  consumerMigrations,
  createAuditSink,
  createEventStore,
  createRelay,
  eventStoreMigrations,
  migrate,
  openDatabase,
  type MigrationSet,
  type PostgresDatabase,
  type Relay,
} from '@coffer/event-store-postgres';
import type { Logger } from '@coffer/nest';
import { Pager } from '@coffer/wire';
import type pg from 'pg';
import { pagingKey } from './paging-key.js';
import { becomeSoleWriter, type SoleWriter } from './sole-writer.js';
import { topics } from '@coffer/contracts';

export const serviceMigrations: MigrationSet = {
  component: 'service',
  directory: new URL('../migrations/', import.meta.url),
};

/** Audit records stay in the inbox until the audit log takes them, also while it is not there. */
export const requiredGroups = { [topics.audit]: ['audit-log'] };

export interface ServiceOptions {
  readonly name: string;
  readonly connection: pg.ClientConfig;
  /** Of the feature; the event store's and the composition's come by themselves. */
  readonly migrations: readonly MigrationSet[];
  readonly projections: readonly InlineProjection[];
  /** Topic of the service's events; none for those that only write audit records. */
  readonly eventsTopic?: string;
  readonly feed: Feed;
  readonly log: Logger;
  /** Another process took the database over: this one must stop. */
  readonly onLost: (error: Error) => void;
  /** Lets audit records wait for the log while requests need the processor. */
  readonly auditMayWait?: (ageMs: number) => boolean;
}

/** A service's database with everything that lives in it: log, audit inbox, relay, lease. */
export interface ServiceCore {
  readonly name: string;
  readonly database: PostgresDatabase;
  readonly store: EventStore;
  readonly audit: AuditSink;
  readonly relay: Relay;
  readonly pager: Pager;
  readonly lease: SoleWriter;
  /** Drains the relay and closes the database. */
  close(): Promise<void>;
}

/** Opens and migrates the database of a service. Throws SecondInstanceError, and what the database says. */
export async function openService(options: ServiceOptions): Promise<ServiceCore> {
  const { name, connection, feed } = options;
  const log = options.log.child({ service: name });
  const lease = await becomeSoleWriter(name, connection, options.onLost);
  const database = openDatabase({
    connection,
    onError: (err) => {
      log.warn({ err }, 'a database connection was lost');
    },
  });
  await migrate(database, [eventStoreMigrations, consumerMigrations, serviceMigrations, ...options.migrations]);
  const store = createEventStore({ database, projections: options.projections });
  const sink = createAuditSink({ database });
  const relay = createRelay({
    database,
    connection,
    feed,
    topics: { audit: topics.audit, ...(options.eventsTopic === undefined ? {} : { events: options.eventsTopic }) },
    onError: (err) => {
      log.warn({ err }, 'the relay will try again');
    },
    ...(options.auditMayWait === undefined ? {} : { auditMayWait: options.auditMayWait }),
  });
  store.onAppend(() => {
    relay.wake();
  });
  const audit: AuditSink = {
    record: async (row) => {
      await sink.record(row);
      relay.wake();
    },
  };
  return {
    name,
    database,
    store,
    audit,
    relay,
    pager: new Pager(await pagingKey(database)),
    lease,
    close: async () => {
      await sink.close();
      await relay.stop();
      await lease.close();
      await database.close();
    },
  };
}
