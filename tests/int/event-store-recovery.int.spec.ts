import { startEmbeddedPostgres, type EmbeddedPostgres } from '@coffer/embedded-postgres';
import {
  createAuditSink,
  createEventStore,
  eventStoreMigrations,
  isTransient,
  migrate,
  openDatabase,
} from '@coffer/event-store-postgres';
import { isCofferError, newId } from '@coffer/kernel';
import { anAppend, anEvent } from '@coffer/testing';
import { temporaryDirectory } from '../support/embedded-postgres.js';
import { storeSetup } from './event-store-setup.js';

const unavailable = expect.objectContaining({
  code: 'ServiceUnavailable',
  details: { retryAfterSeconds: 1 },
}) as unknown;

describe('a database that goes away', () => {
  it('refuses what is under way as unavailable when its connections are ended, and recovers by itself', async () => {
    const setup = await storeSetup();
    const lost: Error[] = [];
    const database = openDatabase({ connection: setup.connection, onError: (error) => lost.push(error) });
    const sleeping = database.query('SELECT pg_sleep(600)');
    const inTransaction = database.transaction(async (client) => {
      await client.query('SELECT pg_sleep(600)');
    });
    const outcomes = Promise.allSettled([sleeping, inTransaction]);
    // A backend that has been told to end is listed until it has: it counts once, or one of the two would sleep on.
    const ended = new Set<number>();
    while (ended.size < 2) {
      const { rows } = await setup.database.query<{ pid: number }>(
        `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event = 'PgSleep'`,
      );
      for (const { pid } of rows) ended.add(pid);
    }
    for (const outcome of await outcomes) expect(outcome).toEqual({ status: 'rejected', reason: unavailable });
    await database.ping();
    await database.close();
    await setup.close();
  });

  it('keeps every acknowledged append and record over a crash of the server under load', async () => {
    const place = await temporaryDirectory();
    const server = await startEmbeddedPostgres({ directory: place.directory });
    const database = openDatabase({ connection: { host: server.host, user: server.user, database: 'postgres' } });
    await migrate(database, [eventStoreMigrations]);
    const load = new Load(database);
    load.start();
    await load.acknowledged(200);
    crash(server);
    await load.refused(1);
    await load.acknowledged(load.count + 200);
    await load.stop();
    expect(load.unexpected).toEqual([]);
    await load.expectEverythingStored();
    await database.close();
    await server.stop();
    await place.remove();
  });
});

/** All processes of the server end at once, and its supervisor starts it again. */
function crash(server: EmbeddedPostgres): void {
  process.kill(server.processId(), 'SIGKILL');
}

class Load {
  readonly #vaultId = newId();
  readonly #events: string[] = [];
  readonly #records: string[] = [];
  readonly unexpected: unknown[] = [];
  #refusals = 0;
  #running = true;
  #writers: Promise<void>[] = [];
  #notify: (() => void)[] = [];

  constructor(private readonly database: ReturnType<typeof openDatabase>) {}

  get count(): number {
    return this.#events.length;
  }

  start(): void {
    const store = createEventStore({ database: this.database, projections: [] });
    const sink = createAuditSink({ database: this.database });
    const append = async () => {
      const event = anEvent();
      const streams = [{ streamId: newId(), expectedVersion: 0, events: [event] }];
      await store.append(anAppend({ vaultId: this.#vaultId, streams, commandId: event.eventId }));
      this.#events.push(event.eventId);
    };
    const record = async () => {
      const recordId = newId();
      await sink.record({ recordId, body: { service: 'spec' } });
      this.#records.push(recordId);
    };
    this.#writers = Array.from({ length: 8 }, (_, i) => this.#repeat(i % 2 === 0 ? append : record));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#writers);
  }

  acknowledged(count: number): Promise<void> {
    return this.#until(() => this.#events.length >= count && this.#records.length >= 1);
  }

  refused(count: number): Promise<void> {
    return this.#until(() => this.#refusals >= count);
  }

  async expectEverythingStored(): Promise<void> {
    const stored = await this.database.query<{ id: string; seq: string }>(
      'SELECT event_id AS id, vault_seq AS seq FROM events ORDER BY vault_seq',
    );
    const records = await this.database.query<{ id: string }>('SELECT record_id AS id FROM audit_inbox');
    expect(stored.rows.map(({ seq }) => Number(seq))).toEqual(stored.rows.map((_, i) => i + 1));
    expect(missing(this.#events, stored.rows)).toEqual([]);
    expect(missing(this.#records, records.rows)).toEqual([]);
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (this.#running) {
      try {
        await work();
      } catch (error) {
        this.#refusals += 1;
        if (!isCofferError(error, 'ServiceUnavailable') || !isTransient(error)) this.unexpected.push(error);
      }
      for (const notify of this.#notify) notify();
    }
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#notify.push(() => {
        if (condition()) resolve();
      });
    });
  }
}

function missing(acknowledged: readonly string[], stored: readonly { readonly id: string }[]): string[] {
  const ids = new Set(stored.map(({ id }) => id));
  return acknowledged.filter((id) => !ids.has(id));
}
