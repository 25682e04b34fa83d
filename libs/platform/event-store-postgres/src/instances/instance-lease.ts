import { LeaseTerm, type Change, type ChangeHub, type Lease, type LeaseHolder } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import type pg from 'pg';
import { Barrier } from './barrier.js';
import * as sql from './change-sql.js';
import { Holders } from './holders.js';
import { LeaseWatch } from './lease-watch.js';
import { dropSession, openSession } from './session.js';

export interface InstanceOptions {
  readonly connection: pg.ClientConfig;
  /** For reads of the barrier. */
  readonly database: SqlClient;
  /** How long this instance may answer from memory after its last renewal, milliseconds. */
  readonly leaseMs: number;
  /** Tells the caches of this process what another instance has written. Must not throw. */
  readonly announce: (change: Change) => void;
  readonly onError?: (error: unknown) => void;
  /** Run in each new session of the lease before it is used; a rejection means that there is none. */
  readonly prepare?: (session: pg.Client) => Promise<void>;
  /** How often changes and leases that nobody needs any more are deleted; default: a minute. */
  readonly pruneEveryMs?: number;
}

/** So long an instance that comes back can be told what it has missed. */
const KEEP_CHANGES_MS = 60 * 60 * 1000;
const PRUNE_EVERY_MS = 60_000;
const RECONNECT_MS = 100;
/** Clocks of two machines do not run at quite the same rate. */
const DRIFT = 0.98;

/**
 * This process as one instance of several over a service's database (docs/adr/0006). It may answer from memory while
 * its lease is live: until then it has heard of every change that was acknowledged anywhere, because the writers wait for
 * its acknowledgement or for the end of its lease.
 */
export class InstanceLease implements Lease, ChangeHub {
  readonly #id = newId();
  readonly #holders: Holders;
  readonly #barrier: Barrier;
  readonly #watch: LeaseWatch;
  readonly #lapse: (() => void)[] = [];
  #session: pg.Client | undefined;
  /** Something may be kept: from now on every change must be applied. */
  #begun = false;
  #applied = 0;
  #acked = 0;
  readonly #term = new LeaseTerm();
  #closed = false;
  #work: Promise<void> = Promise.resolve();
  #timers: NodeJS.Timeout[] = [];
  #expiry: NodeJS.Timeout | undefined;

  constructor(private readonly options: InstanceOptions) {
    const { leaseMs, database } = options;
    this.#holders = new Holders({
      leaseMs,
      remaining: () => this.remaining(),
      onProgress: () => {
        this.#acknowledge();
      },
    });
    this.#watch = new LeaseWatch(leaseMs);
    this.#barrier = new Barrier(
      async () => this.#watch.acknowledged(await sql.selectLeases(database)),
      () => this.#watch.longest(),
    );
  }

  /** Rejects when the database cannot be reached. */
  async start(): Promise<void> {
    await this.#connect();
    await this.#renew();
    this.#timers = [
      setInterval(() => {
        this.#enqueue(() => this.#renew());
      }, this.options.leaseMs / 3),
      setInterval(() => {
        this.#enqueue(() => this.#inSession((session) => this.#prune(session)));
      }, this.options.pruneEveryMs ?? PRUNE_EVERY_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  live(): boolean {
    return this.#term.live();
  }

  remaining(): number {
    return this.#term.remaining();
  }

  onLapse(listener: () => void): void {
    this.#lapse.push(listener);
  }

  appliedSeq(): number {
    return this.#applied;
  }

  committedSeq(): Promise<number> {
    return sql.selectHead(this.options.database);
  }

  open(onChange: (change: Change) => void): LeaseHolder {
    return this.#holders.open(this.#applied, onChange);
  }

  awaitEnforced(seq: number): Promise<void> {
    return this.#barrier.wait(seq);
  }

  /** As `awaitEnforced`, but for a change that only gives: at most `milliseconds`. */
  awaitSeen(seq: number, milliseconds: number): Promise<void> {
    return this.#barrier.wait(seq, milliseconds);
  }

  /** Gives the lease back. Where somebody still holds one of this instance, writers wait until that has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#expiry);
    await this.#work;
    this.#term.end();
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined && !this.#holders.anyLive)
      await sql.deleteLease(session, this.#id).catch(() => undefined);
    dropSession(session);
    this.#barrier.close();
  }

  /** Counted from before the request: whatever happened on the way, the server's count ends later. */
  async #renew(): Promise<void> {
    const { leaseMs } = this.options;
    await this.#inSession(async (session) => {
      const sentAt = this.#term.now();
      // Nothing is kept yet: everything up to here is as good as applied.
      if (!this.#begun) this.#acked = this.#applied = await sql.selectHead(session);
      this.#begun = true;
      await sql.upsertLease(session, this.#id, leaseMs, this.#acked);
      await this.#catchUp(session);
      this.#term.extend(sentAt, leaseMs * DRIFT);
      // Who is gone already is then known to the barrier, and not waited for when something is written.
      this.#watch.observe(await sql.selectLeases(session));
    });
    this.#acknowledge();
  }

  async #prune(session: SqlClient): Promise<void> {
    const ended = this.#watch.ended(await sql.selectLeases(session));
    if (ended.length > 0) await sql.deleteLeases(session, ended);
    await sql.deleteChanges(session, KEEP_CHANGES_MS);
  }

  async #catchUp(session: SqlClient): Promise<void> {
    for (;;) {
      const page = await sql.selectChanges(session, this.#applied);
      if (page.gap) this.#forget();
      for (const change of page.changes) {
        this.options.announce(change);
        this.#holders.announce(change);
      }
      this.#applied = page.last;
      this.#acked = Math.min(this.#acked, this.#applied);
      if (!page.full) return;
    }
  }

  /** What was missed cannot be told, neither here nor to who holds a lease of this instance. */
  #forget(): void {
    this.#holders.lapse();
    for (const listener of this.#lapse) listener();
  }

  /** Tells the writers what this instance and everyone who depends on it have applied. */
  #acknowledge(): void {
    clearTimeout(this.#expiry);
    const reached = Math.min(this.#applied, this.#holders.acknowledged());
    if (reached < this.#applied) {
      // A holder that says nothing ends its lease.
      const wait = this.#holders.nextExpiry();
      if (Number.isFinite(wait))
        this.#expiry = setTimeout(() => {
          this.#acknowledge();
        }, wait + 1).unref();
    }
    if (reached <= this.#acked) return;
    this.#enqueue(() =>
      this.#inSession(async (session) => {
        if (reached <= this.#acked) return;
        await sql.acknowledge(session, this.#id, reached);
        this.#acked = reached;
        this.#barrier.look();
      }),
    );
  }

  /** One after the other: the session's statements must not overtake each other. */
  #enqueue(task: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#closed) return;
      try {
        await task();
      } catch (error) {
        this.options.onError?.(error);
      }
    });
  }

  async #inSession(work: (session: pg.Client) => Promise<void>): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    try {
      await work(session);
    } catch (error) {
      // Whatever it was, the next session begins from what is applied.
      dropSession(session);
      this.#lost(session);
      throw error;
    }
  }

  async #connect(): Promise<void> {
    const session = await openSession({
      connection: this.options.connection,
      ...(this.options.prepare === undefined ? {} : { prepare: this.options.prepare }),
      timeoutMs: Math.max(250, this.options.leaseMs / 4),
      onNotification: (channel) => {
        if (channel === sql.ACKS) this.#barrier.look();
        else if (this.#begun)
          this.#enqueue(async () => {
            await this.#inSession((current) => this.#catchUp(current));
            this.#acknowledge();
          });
      },
      onEnd: (ended) => {
        this.#lost(ended);
      },
    });
    if (this.#closed) dropSession(session);
    else this.#session = session;
  }

  #lost(session: pg.Client): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    const again = () => {
      if (this.#closed || this.#session !== undefined) return;
      this.#connect().then(
        () => {
          this.#enqueue(() => this.#renew());
        },
        () => {
          setTimeout(again, RECONNECT_MS).unref();
        },
      );
    };
    setTimeout(again, RECONNECT_MS).unref();
  }
}
