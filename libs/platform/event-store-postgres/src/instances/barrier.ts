import { MARGIN_MS } from './lease-watch.js';

interface Waiter {
  readonly seq: number;
  readonly done: () => void;
}

/** Notifications may be lost. */
const LOOK_EVERY_MS = 250;

/** Where writers wait until every instance has heard of their change (architecture, rule 7). */
export class Barrier {
  readonly #waiting = new Set<Waiter>();
  #looking = false;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    /** The highest change that every live lease has acknowledged. */
    private readonly acknowledged: () => Promise<number>,
    /** Length of the longest lease that is known. */
    private readonly longestLease: () => number,
  ) {}

  /**
   * Resolves when every live lease has acknowledged the change, and at the latest when every lease that was given
   * before the change was committed has ended: one given later has heard of it. `atMostMs` ends the wait earlier.
   */
  wait(seq: number, atMostMs: number = Number.POSITIVE_INFINITY): Promise<void> {
    const began = performance.now();
    return new Promise((resolve) => {
      let end: NodeJS.Timeout | undefined;
      const waiter: Waiter = {
        seq,
        done: () => {
          clearTimeout(end);
          this.#waiting.delete(waiter);
          resolve();
        },
      };
      // A timer counts from when its turn of the event loop began: after a long turn it is early.
      const wait = () => {
        const left = began + Math.min(this.longestLease() + MARGIN_MS, atMostMs) - performance.now();
        if (left > 0) end = setTimeout(wait, Math.ceil(left));
        else waiter.done();
      };
      wait();
      this.#waiting.add(waiter);
      this.look();
    });
  }

  /** Something may have been acknowledged. */
  look(): void {
    if (this.#waiting.size === 0) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    clearTimeout(this.#timer);
    void this.#look();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    // Those who come while it looks need another look: this one may know less than what they wrote.
    const waiting = [...this.#waiting];
    try {
      const reached = await this.acknowledged();
      for (const waiter of waiting) if (waiter.seq <= reached) waiter.done();
    } catch {
      // The database is away: the end of the leases is waited for.
    }
    this.#looking = false;
    if (this.#again) {
      this.#again = false;
      this.look();
    } else if (this.#waiting.size > 0) {
      this.#timer = setTimeout(() => {
        this.look();
      }, LOOK_EVERY_MS).unref();
    }
  }
}
