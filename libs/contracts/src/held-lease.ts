import type { Lease } from './lease.js';
import { LeaseTerm, type Moment } from './lease-term.js';
import type { LeaseStream, NumberedChange } from './lease-stream.js';

export interface HeldLeaseOptions<C extends NumberedChange> {
  /** Opens a stream to any instance of the owner. */
  readonly open: () => LeaseStream<C>;
  /** Forgets what the change has made out of date; must not throw. */
  readonly apply: (change: C) => void;
  readonly onError?: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const RENEWALS_PER_LEASE = 3;
/** Clocks of two machines do not run at quite the same rate. */
const DRIFT = 0.98;

/**
 * The right to answer from memory what another service owns, renewed over a stream to one of its instances. Changes are
 * applied and acknowledged as they come; a lost stream is replaced, and what was kept is forgotten when the new one has
 * granted its first lease. Until the old lease has ended, the old instance counts this holder, so it may go on meanwhile.
 */
export class HeldLease<C extends NumberedChange> implements Lease {
  readonly #lapse: (() => void)[] = [];
  readonly #term: LeaseTerm;
  #stream: LeaseStream<C> | undefined;
  #closed = false;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(private readonly options: HeldLeaseOptions<C>) {
    this.#term = new LeaseTerm(options.now);
  }

  live(): boolean {
    return this.#term.live();
  }

  /** Milliseconds that the lease still lasts; negative when it has ended. */
  remaining(): number {
    return this.#term.remaining();
  }

  onLapse(listener: () => void): void {
    this.#lapse.push(listener);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#term.end();
    this.#stream?.close();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.#closed) {
      try {
        if (await this.#follow()) pause = FIRST_PAUSE_MS;
      } catch (error) {
        this.#report(error);
      }
      await this.#rest(Math.random() * pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }

  #report(error: unknown): void {
    if (!this.#closed) this.options.onError?.(error);
  }

  /** One stream from its beginning to its end; true when it has granted a lease. */
  async #follow(): Promise<boolean> {
    const stream = this.options.open();
    this.#stream = stream;
    const sent: Moment[] = [];
    let applied = 0;
    let granted = false;
    let timer: NodeJS.Timeout | undefined;
    const ask = () => {
      sent.push(this.#term.now());
      stream.send(applied);
    };
    try {
      ask();
      for await (const { changes, leaseMilliseconds } of stream.replies) {
        for (const change of changes) {
          if (change.number !== applied + 1) throw new Error('a change was lost on the way');
          this.options.apply(change);
          applied = change.number;
        }
        if (changes.length > 0) ask();
        if (leaseMilliseconds <= 0) continue;
        if (!granted) for (const listener of this.#lapse) listener();
        granted = true;
        const askedAt = sent.shift();
        if (askedAt === undefined) throw new Error('a lease nobody has asked for');
        if (!this.#closed) this.#term.extend(askedAt, leaseMilliseconds * DRIFT);
        timer ??= setInterval(ask, leaseMilliseconds / RENEWALS_PER_LEASE).unref();
      }
    } finally {
      clearInterval(timer);
      stream.close();
      this.#stream = undefined;
    }
    return granted;
  }

  #rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closed) this.#wake();
    });
  }
}
