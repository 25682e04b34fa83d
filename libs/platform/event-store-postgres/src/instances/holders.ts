import type { Change, LeaseHolder } from '@coffer/contracts';

interface Holder {
  readonly onChange: (change: Change) => void;
  acked: number;
  /** Monotonic milliseconds until which its last grant may be used. */
  until: number;
  closed: boolean;
  /** Has missed what it cannot be told any more. */
  lapsed: boolean;
}

export interface HoldersOptions {
  /** Milliseconds that this instance's own lease still lasts; 0 or less when it has none. */
  readonly remaining: () => number;
  readonly leaseMs: number;
  /** What the holders have acknowledged, or whether they count, may have changed. */
  readonly onProgress: () => void;
  readonly now?: () => number;
}

/** Caches in other processes that hold a lease of this instance. */
export class Holders {
  readonly #holders = new Set<Holder>();
  readonly #now: () => number;

  constructor(private readonly options: HoldersOptions) {
    this.#now = options.now ?? (() => performance.now());
  }

  /** `appliedSeq`: what the new holder is up to date with; it holds nothing from before. */
  open(appliedSeq: number, onChange: (change: Change) => void): LeaseHolder {
    const holder: Holder = { onChange, acked: appliedSeq, until: 0, closed: false, lapsed: false };
    this.#holders.add(holder);
    const acknowledge = (seq: number) => {
      if (holder.lapsed || seq <= holder.acked) return;
      holder.acked = seq;
      this.options.onProgress();
    };
    return {
      acknowledge,
      renew: (seq) => {
        if (holder.lapsed) return 0;
        acknowledge(seq);
        const granted = Math.floor(Math.max(0, Math.min(this.options.leaseMs, this.options.remaining())));
        if (granted > 0) holder.until = Math.max(holder.until, this.#now() + granted);
        return granted;
      },
      close: () => {
        holder.closed = true;
        this.#drop();
        this.options.onProgress();
      },
    };
  }

  announce(change: Change): void {
    for (const holder of this.#holders) if (!holder.closed) holder.onChange(change);
  }

  /** Every holder there is has missed something: none gets its lease again, and each counts until it has ended. */
  lapse(): void {
    for (const holder of this.#holders) holder.lapsed = true;
  }

  /** What every holder that counts has acknowledged; Infinity when there is none. */
  acknowledged(): number {
    this.#drop();
    let least = Number.POSITIVE_INFINITY;
    for (const holder of this.#holders) if (this.#counts(holder)) least = Math.min(least, holder.acked);
    return least;
  }

  /** Milliseconds after which a silent holder counts no more; Infinity when none is waited for. */
  nextExpiry(): number {
    const now = this.#now();
    let soonest = Number.POSITIVE_INFINITY;
    for (const { until } of this.#holders) if (until > now) soonest = Math.min(soonest, until - now);
    return soonest;
  }

  /** True while somebody may still answer from memory under a lease of this instance. */
  get anyLive(): boolean {
    return [...this.#holders].some((holder) => this.#counts(holder));
  }

  #counts({ until }: Holder): boolean {
    return until > this.#now();
  }

  #drop(): void {
    for (const holder of this.#holders) if (holder.closed && !this.#counts(holder)) this.#holders.delete(holder);
  }
}
