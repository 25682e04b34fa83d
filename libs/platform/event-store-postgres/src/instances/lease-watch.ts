/** One instance's lease, as it is in the table. */
export interface LeaseRow {
  readonly instanceId: string;
  /** Another one after each renewal. */
  readonly renewal: string;
  readonly acked: number;
  /** Its whole length; absent where the instance does not say it: then that of this process. */
  readonly leaseMs?: number;
}

/** For what a timer, a statement or a clock's rate costs. */
export const MARGIN_MS = 100;

/**
 * Which leases may still be live, by the monotonic clock of this process: a lease counts until it has not been renewed for
 * its whole length since this process first saw its last renewal, which was before that. What the clocks of the database
 * and of other machines show never matters.
 */
export class LeaseWatch {
  #seen = new Map<string, { readonly renewal: string; readonly at: number }>();
  #longest: number;

  constructor(
    private readonly leaseMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#longest = leaseMs;
  }

  /** Length of the longest lease there is, as last read, and at least that of this process. */
  longest(): number {
    return this.#longest;
  }

  /** The highest change that every live lease has acknowledged; Infinity when there is none. `rows`: as just read. */
  acknowledged(rows: readonly LeaseRow[]): number {
    this.observe(rows);
    let least = Number.POSITIVE_INFINITY;
    for (const row of rows) if (!this.#hasEnded(row)) least = Math.min(least, row.acked);
    return least;
  }

  /** Leases that have ended. `rows`: as just read. */
  ended(rows: readonly LeaseRow[]): LeaseRow[] {
    this.observe(rows);
    return rows.filter((row) => this.#hasEnded(row));
  }

  /** Notes which renewals there are. `rows`: as just read. */
  observe(rows: readonly LeaseRow[]): void {
    const at = this.now();
    this.#longest = Math.max(this.leaseMs, ...rows.map((row) => this.#lengthOf(row)));
    this.#seen = new Map(
      rows.map(({ instanceId, renewal }) => {
        const known = this.#seen.get(instanceId);
        return [instanceId, known?.renewal === renewal ? known : { renewal, at }];
      }),
    );
  }

  #hasEnded(row: LeaseRow): boolean {
    const seen = this.#seen.get(row.instanceId);
    return seen !== undefined && this.now() - seen.at > this.#lengthOf(row) + MARGIN_MS;
  }

  #lengthOf({ leaseMs }: LeaseRow): number {
    return leaseMs ?? this.leaseMs;
  }
}
