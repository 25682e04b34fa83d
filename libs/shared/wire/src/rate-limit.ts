import type { Clock } from '@coffer/kernel';

interface Bucket {
  tokens: number;
  at: number;
}

const PER_CALLER = { perSecond: 10, burst: 20 };
const IN_ALL = { perSecond: 200, burst: 400 };
const MAX_CALLERS = 10_000;

/** Bounds second opinions: 10 a second for each caller, 200 for all of them, with room for a burst (token buckets). */
export class RateLimit {
  readonly #callers = new Map<string, Bucket>();
  readonly #all: Bucket;

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {
    this.#all = { tokens: IN_ALL.burst, at: clock.monotonic() };
  }

  /** False when the caller, or all callers together, have had enough for now. */
  take(caller: string): boolean {
    const now = this.clock.monotonic();
    let bucket = this.#callers.get(caller);
    if (bucket === undefined) {
      // Whoever asks from ever new names is bounded by the limit of all.
      if (this.#callers.size >= MAX_CALLERS) this.#callers.clear();
      this.#callers.set(caller, (bucket = { tokens: PER_CALLER.burst, at: now }));
    }
    refill(bucket, now, PER_CALLER);
    refill(this.#all, now, IN_ALL);
    if (bucket.tokens < 1 || this.#all.tokens < 1) return false;
    bucket.tokens -= 1;
    this.#all.tokens -= 1;
    return true;
  }
}

function refill(bucket: Bucket, now: number, { perSecond, burst }: typeof IN_ALL): void {
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
  bucket.at = now;
}
