import type { Database, Feed, FeedMessage, RecordedEvent } from '@coffer/event-sourcing';
import type pg from 'pg';
import { LeaderLock } from './leader-lock.js';
import * as outbox from './outbox.js';

export interface RelayOptions {
  readonly database: Database;
  /** For the session that holds the relay's advisory lock. */
  readonly connection: pg.ClientConfig;
  readonly feed: Feed;
  /** Where events and audit records go; one that is left out is not relayed. */
  readonly topics: { readonly events?: string; readonly audit?: string };
  /** Told of every failed pass; the relay tries again. Must not throw. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds between looks at the database without a wake-up; default 250. */
  readonly sweepEveryMs?: number;
  /** Milliseconds that a wake-up waits for more work to come; default 20. */
  readonly gatherMs?: number;
}

export interface Relay {
  start(): Promise<void>;
  /** Ends after the running pass. */
  stop(): Promise<void>;
  /** Something was committed in this process. */
  wake(): void;
  /** Resolves when everything committed before the call has been published by this relay. */
  drained(): Promise<void>;
}

const PAGE = 500;
const MAX_BACK_OFF_MS = 5_000;

/**
 * Publishes what a service has committed: events in the order of each vault's numbers, audit records in their order, each at
 * least once. The cursor moves (the record is deleted) after the feed has the messages, so a crash repeats, never loses. One
 * relay per database is active; the others wait for its lock.
 */
export function createRelay(options: RelayOptions): Relay {
  return new PostgresRelay(options);
}

class PostgresRelay implements Relay {
  readonly #lock: LeaderLock;
  readonly #waiting = new Set<() => void>();
  readonly #drains: { resolve: () => void; pass: number }[] = [];
  #running: Promise<void> | undefined;
  #stopping = false;
  #woken = false;
  #passes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RelayOptions) {
    this.#lock = new LeaderLock(options.connection);
  }

  start(): Promise<void> {
    this.#stopping = false;
    this.#running ??= this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#release();
    await this.#running;
    this.#running = undefined;
    await this.#lock.release();
  }

  wake(): void {
    this.#woken = true;
    if (this.#waiting.size > 0 && this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#release();
      }, this.options.gatherMs ?? 20);
    }
  }

  drained(): Promise<void> {
    // The pass under way may have looked already: the next one has not.
    return new Promise((resolve) => {
      this.#drains.push({ resolve, pass: this.#passes + 2 });
      this.#woken = true;
      this.#release();
    });
  }

  async #run(): Promise<void> {
    let backOff = 0;
    while (!this.#stopping) {
      try {
        if (await this.#lock.hold()) {
          await this.#pass();
          backOff = 0;
        }
      } catch (error) {
        backOff = Math.min(MAX_BACK_OFF_MS, Math.max(50, backOff * 2));
        this.options.onError?.(error);
      }
      await this.#pause(backOff);
    }
  }

  async #pass(): Promise<void> {
    this.#woken = false;
    this.#passes += 1;
    const pass = this.#passes;
    const { events, audit } = this.options.topics;
    if (events !== undefined) await this.#publishEvents(events);
    if (audit !== undefined) await this.#publishAudit(audit);
    const done = this.#drains.filter((drain) => drain.pass <= pass);
    for (const drain of done) this.#drains.splice(this.#drains.indexOf(drain), 1);
    for (const { resolve } of done) resolve();
    if (this.#drains.length > 0) this.#woken = true;
  }

  async #publishEvents(topic: string): Promise<void> {
    const { database, feed } = this.options;
    for (const { vaultId, published, seq } of await outbox.selectDirtyVaults(database)) {
      for (let next = published + 1; next <= seq;) {
        if (this.#stopping) return;
        const page = await outbox.selectEventsFrom(database, vaultId, next, PAGE);
        const last = page.at(-1);
        if (last === undefined) break;
        await feed.publish(page.map((event) => eventMessage(topic, event)));
        await outbox.storeCursor(database, vaultId, last.vaultSeq);
        next = last.vaultSeq + 1;
      }
    }
  }

  async #publishAudit(topic: string): Promise<void> {
    const { database, feed } = this.options;
    for (;;) {
      const rows = await outbox.selectAuditRows(database, PAGE);
      if (rows.length === 0 || this.#stopping) return;
      await feed.publish(rows.map((row) => auditMessage(topic, row)));
      // These very rows: one that commits late has a lower position and is still to come.
      await outbox.deleteAuditRows(
        database,
        rows.map((row) => row.position),
      );
      if (rows.length < PAGE) return;
    }
  }

  /** Until woken, or until it is time to look at what other processes have committed. */
  #pause(backOff: number): Promise<void> {
    if (this.#stopping || (this.#woken && backOff === 0)) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(sweep);
        this.#waiting.delete(done);
        resolve();
      };
      const sweep = setTimeout(done, backOff === 0 ? (this.options.sweepEveryMs ?? 250) : backOff);
      this.#waiting.add(done);
      if (backOff > 0) return;
      if (this.#woken) done();
    });
  }

  #release(): void {
    for (const done of [...this.#waiting]) done();
  }
}

function eventMessage(topic: string, event: RecordedEvent): FeedMessage {
  return {
    topic,
    key: event.vaultId,
    id: event.eventId,
    type: event.type,
    seq: event.vaultSeq,
    time: event.recordedAt,
    body: event,
  };
}

function auditMessage(topic: string, row: outbox.AuditInboxRow): FeedMessage {
  const body = JSON.parse(row.body) as { readonly time?: string };
  return { topic, key: row.key, id: row.recordId, type: 'AuditEvent', time: body.time ?? '', body };
}
