import type { Database, Feed, SqlClient } from '@coffer/event-sourcing';
import type pg from 'pg';
import { InboxCursor } from './inbox-cursor.js';
import { AUDIT_RELAY, LeaderLock, NUDGE, RELAY } from './leader-lock.js';
import { publishAudit, publishEvents, type Pass } from './publish.js';

export interface RelayOptions {
  readonly database: Database;
  /** For the session that holds the relay's advisory lock. */
  readonly connection: pg.ClientConfig;
  readonly feed: Feed;
  /** Where events and audit records go; one that is left out is not relayed. */
  readonly topics: { readonly events?: string; readonly audit?: string };
  /** Told of every failed pass; the relay tries again. Must not throw. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds between looks at the database (or for the lock) without a wake-up; default 250. */
  readonly wakeEveryMs?: number;
  /** Milliseconds that a wake-up for events waits for more work to come; default 20. */
  readonly gatherMs?: number;
  /** The same of a wake-up for audit records, which nobody waits for: larger batches cost the audit log less. Default 100. */
  readonly auditGatherMs?: number;
  /**
   * Asked before each batch of audit records with the age of the oldest in milliseconds: true leaves them in the inbox for
   * a later pass, so that the work behind the feed gives way to requests. Not asked when somebody waits for `drained`.
   */
  readonly auditMayWait?: (ageMs: number) => boolean;
}

export interface Relay {
  start(): Promise<void>;
  /** Ends after the running batch. Resolves when the lock is free for another. */
  stop(): Promise<void>;
  /** Something was committed in this process; by default events. */
  wake(what?: Committed): void;
  /**
   * Resolves when everything committed before the call has been published by this relay; one that waits for the lock
   * resolves when it has taken over. Rejects when the relay stops before.
   */
  drained(): Promise<void>;
}

/** What there is to publish. */
export type Committed = 'events' | 'audit';

const FIRST_BACK_OFF_MS = 50;
const MAX_BACK_OFF_MS = 5_000;

/**
 * Publishes what a service has committed: events in the order of each vault's numbers, audit records in their order, each at
 * least once. The cursor moves (the record is deleted) after the feed has the messages, so a crash repeats, never loses. One
 * relay per database is active, or one for each of the two topics; the others wait for its lock.
 */
export function createRelay(options: RelayOptions): Relay {
  return new PostgresRelay(options);
}

interface Drain {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class PostgresRelay implements Relay {
  readonly #lock: LeaderLock;
  readonly #sweepMs: number;
  readonly #gatherMs: Readonly<Record<Committed, number>>;
  #running: Promise<void> | undefined;
  #stopping = false;
  /** Something may have been committed since the last pass began. */
  #woken: Committed | undefined;
  /** Who waits for a pass that has yet to begin. */
  #drains: Drain[] = [];
  #pause: Pause | undefined;
  /** False while another process holds the lock. */
  #active = true;
  readonly #nudging = new Set<Committed>();
  /** With the session of which it tells. */
  #cursor: { readonly session: SqlClient; readonly inbox: InboxCursor } | undefined;

  constructor(private readonly options: RelayOptions) {
    const kind = options.topics.events === undefined && options.topics.audit !== undefined ? AUDIT_RELAY : RELAY;
    this.#lock = new LeaderLock(options.connection, kind, (what) => {
      this.wake(what === 'audit' ? what : 'events');
    });
    this.#gatherMs = { events: options.gatherMs ?? 20, audit: options.auditGatherMs ?? 100 };
    this.#sweepMs = options.wakeEveryMs ?? 250;
  }

  start(): Promise<void> {
    this.#running ??= this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#pause?.end(0);
    await this.#running;
    this.#running = undefined;
    this.#stopping = false;
    await this.#lock.release();
    for (const { reject } of this.#drains.splice(0)) reject(new Error('the relay was stopped'));
  }

  wake(what: Committed = 'events'): void {
    if (this.#woken !== 'events') this.#woken = what;
    if (!this.#active) this.#nudge(what);
    if (this.#pause?.fixed === false) this.#pause.end(this.#gatherMs[what]);
  }

  drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#drains.push({ resolve, reject });
      if (this.#pause?.fixed === false) this.#pause.end(0);
    });
  }

  /** Tells the active relay, wherever it is, once for everything that is committed within the time that it gathers anyway. */
  #nudge(what: Committed): void {
    if (this.#nudging.has(what)) return;
    this.#nudging.add(what);
    setTimeout(() => {
      this.#nudging.delete(what);
      // The other one looks by itself when it hears nothing.
      if (!this.#stopping)
        this.options.database.query(`SELECT pg_notify('${NUDGE}', $1)`, [what]).catch(() => undefined);
    }, this.#gatherMs[what]).unref();
  }

  async #run(): Promise<void> {
    let backOff = 0;
    while (!this.#stopping) {
      try {
        this.#active = await this.#pass();
        // A relay that waits for the lock has nothing to be woken for.
        backOff = this.#active ? 0 : this.#sweepMs;
      } catch (error) {
        backOff = Math.min(MAX_BACK_OFF_MS, Math.max(FIRST_BACK_OFF_MS, backOff * 2));
        this.options.onError?.(error);
      }
      await this.#wait(backOff);
    }
  }

  /** Publishes everything that was committed before now; false when another relay is active. */
  async #pass(): Promise<boolean> {
    const session = await this.#lock.hold();
    if (session === undefined) return false;
    this.#woken = undefined;
    const drains = this.#drains.splice(0);
    const { database, feed, topics } = this.options;
    const mayWait = drains.length === 0 ? this.options.auditMayWait : undefined;
    const isStopping = () => this.#stopping;
    const run = { database, session, feed, isStopping, ...(mayWait === undefined ? {} : { mayWait }) };
    try {
      try {
        if (topics.events !== undefined) await publishEvents(run, topics.events);
      } finally {
        // Whatever keeps an event back, records of what was done get to the log.
        if (topics.audit !== undefined) await this.#publishAudit(run, topics.audit, drains.length > 0);
      }
    } catch (error) {
      this.#drains.unshift(...drains);
      throw error;
    }
    if (this.#stopping) this.#drains.unshift(...drains);
    else for (const { resolve } of drains) resolve();
    return true;
  }

  async #publishAudit(run: Pass, topic: string, whole: boolean): Promise<void> {
    // The next session may lead to another server: a standby that was promoted, or a backup.
    if (this.#cursor?.session !== run.session) this.#cursor = { session: run.session, inbox: new InboxCursor() };
    const { inbox } = this.#cursor;
    const now = performance.now();
    const start = inbox.start(now, whole);
    const toTheEnd = await publishAudit(run, topic, start, (positions) => {
      inbox.published(positions, performance.now());
    });
    if (start === 0 && toTheEnd) inbox.sawWhole(now);
  }

  /** Until woken, or until it is time to look at what other processes have committed. A back-off waits its time out. */
  async #wait(backOff: number): Promise<void> {
    if (this.#stopping) return;
    const pause = new Pause(backOff > 0);
    pause.end(backOff > 0 ? backOff : this.#sweepMs);
    this.#pause = pause;
    if (!pause.fixed && this.#drains.length > 0) pause.end(0);
    else if (!pause.fixed && this.#woken !== undefined) this.wake(this.#woken);
    await pause.ended;
    this.#pause = undefined;
  }
}

/** A wait that may be cut short. */
class Pause {
  readonly ended: Promise<void>;
  #resolve!: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Infinity;

  /** `fixed`: no wake-up cuts it short. */
  constructor(readonly fixed: boolean) {
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Ends it in so many milliseconds, unless it ends sooner. */
  end(milliseconds: number): void {
    const at = performance.now() + milliseconds;
    if (at >= this.#at) return;
    this.#at = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#resolve, milliseconds);
  }
}
