import type { AuditSink, ChangeHub, Lease } from '@coffer/contracts';
import type { AppendRequest, EventStore, Feed, InlineProjection } from '@coffer/event-sourcing';
import {
  consumerMigrations,
  createAuditSink,
  createEventStore,
  createRelay,
  eventStoreMigrations,
  InstanceLease,
  migrate,
  openDatabase,
  type MigrationSet,
  type PostgresDatabase,
  type Relay,
  type SharedEventStore,
} from '@coffer/event-store-postgres';
import type { Logger } from '@coffer/nest';
import { Pager } from '@coffer/wire';
import type pg from 'pg';
import { Closing } from './closing.js';
import { pagingKey } from './paging-key.js';
import { loosens } from './loosening.js';
import { becomeSoleWriter, shareDatabase } from './sole-writer.js';
import { topics } from '@coffer/contracts';

export const serviceMigrations: MigrationSet = {
  component: 'service',
  directory: new URL('../migrations/', import.meta.url),
};

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
  /** Other processes may serve the same database (docs/adr/0006): how long each may answer from memory, milliseconds. */
  readonly sharedLeaseMs?: number;
  /** Every append makes caches out of date, not only those of existing streams: the policy is kept whole. */
  readonly everyAppendIsChange?: boolean;
  /** Lets audit records wait for the log while requests need the processor. */
  readonly auditMayWait?: (ageMs: number) => boolean;
  /** Somebody else takes the audit records from the inbox to the log; told when there are new ones. */
  readonly auditTaker?: () => void;
}

/** A service's database with everything that lives in it: log, audit inbox, relay, lease. */
export interface ServiceCore {
  readonly name: string;
  readonly database: PostgresDatabase;
  readonly store: EventStore;
  readonly audit: AuditSink;
  readonly relay: Relay;
  readonly pager: Pager;
  readonly lease: Lease;
  /** Hands changes to caches in other processes; there when the database is shared. */
  readonly hub?: ChangeHub;
  /** Drains the relay and closes the database. */
  close(): Promise<void>;
}

/**
 * Opens and migrates the database of a service. Throws SecondInstanceError, MigrationError and what the database says; then
 * no session is left open, and the database is free for who comes next.
 */
export async function openService(options: ServiceOptions): Promise<ServiceCore> {
  const closing = new Closing();
  try {
    return await open(options, closing);
  } catch (error) {
    await closing.close().catch(() => undefined); // what went wrong first is what is told
    throw error;
  }
}

async function open(options: ServiceOptions, closing: Closing): Promise<ServiceCore> {
  const { name, connection, sharedLeaseMs } = options;
  const log = options.log.child({ service: name });
  const sole = sharedLeaseMs === undefined ? await becomeSoleWriter(name, connection, options.onLost) : undefined;
  if (sole !== undefined) closing.add(() => sole.close());
  const database = openDatabase({
    connection,
    onError: (err) => {
      log.warn({ err }, 'a database connection was lost');
    },
  });
  closing.add(() => database.close());
  await migrate(database, [eventStoreMigrations, consumerMigrations, serviceMigrations, ...options.migrations]);
  const { store, shared } = openStore(options, database, log);
  if (shared !== undefined) {
    closing.add(() => shared.close());
    await shared.start();
  }
  const lease = shared ?? sole;
  if (lease === undefined) throw new Error('a service needs a lease');
  const { relay, audit, stop } = openOutbox(options, database, store, log);
  closing.add(stop);
  return {
    name,
    database,
    store,
    audit,
    relay,
    pager: new Pager(await pagingKey(database)),
    lease,
    ...(shared === undefined ? {} : { hub: shared }),
    close: () => closing.close(),
  };
}

/** Makes what a service needs besides its database; when that fails, the database is closed. */
export async function orClose<T>(core: ServiceCore, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    await core.close().catch(() => undefined);
    throw error;
  }
}

/** The event store, with the lease of this instance where others write the same database. */
function openStore(
  { name, connection, projections, sharedLeaseMs, everyAppendIsChange = false }: ServiceOptions,
  database: PostgresDatabase,
  log: Logger,
): { readonly store: SharedEventStore; readonly shared: InstanceLease | undefined } {
  if (sharedLeaseMs === undefined) return { store: createEventStore({ database, projections }), shared: undefined };
  const shared = new InstanceLease({
    connection,
    database,
    leaseMs: sharedLeaseMs,
    prepare: shareDatabase(name),
    announce: ({ vaultId, streamIds }) => {
      store.announce(vaultId, streamIds);
    },
    onError: (err) => {
      log.warn({ err }, 'the lease of this instance could not be kept; it is tried again');
    },
  });
  const isChange = ({ streams }: AppendRequest) =>
    everyAppendIsChange || streams.some(({ expectedVersion }) => expectedVersion > 0);
  const store = createEventStore({
    database,
    projections,
    instances: {
      isChange,
      tightens: ({ streams }) => streams.some(({ events }) => events.some((event) => !loosens(event))),
      awaitEnforced: (change) => shared.awaitEnforced(change),
      awaitSeen: (change, milliseconds) => shared.awaitSeen(change, milliseconds),
    },
  });
  return { store, shared };
}

function openOutbox(
  options: ServiceOptions,
  database: PostgresDatabase,
  store: EventStore,
  log: Logger,
): { readonly relay: Relay; readonly audit: AuditSink; readonly stop: () => Promise<void> } {
  const sink = createAuditSink({ database });
  const relay = createRelay({
    database,
    connection: options.connection,
    feed: options.feed,
    topics: {
      ...(options.auditTaker === undefined ? { audit: topics.audit } : {}),
      ...(options.eventsTopic === undefined ? {} : { events: options.eventsTopic }),
    },
    onError: (err) => {
      log.warn({ err }, 'the relay will try again');
    },
    ...(options.auditMayWait === undefined ? {} : { auditMayWait: options.auditMayWait }),
  });
  const wakeForAudit =
    options.auditTaker ??
    (() => {
      relay.wake('audit');
    });
  store.onAppend(() => {
    relay.wake();
    options.auditTaker?.();
  });
  return {
    relay,
    audit: {
      record: async (row) => {
        await sink.record(row);
        wakeForAudit();
      },
    },
    stop: async () => {
      await sink.close();
      await relay.stop();
    },
  };
}
