import type { AuditSink } from '@coffer/contracts';
import type { AuditRow, Database } from '@coffer/event-sourcing';
import { CofferError } from '@coffer/kernel';
import { insertAuditRows } from './statements.js';

export interface AuditSinkOptions {
  readonly database: Database;
  /** Records of one statement; default 256. */
  readonly maxBatch?: number;
  /** Records that may wait or be under way; more are refused, and with them their requests. Default 10,000. */
  readonly maxPending?: number;
}

export interface PostgresAuditSink extends AuditSink {
  /** Records that wait or are under way. */
  readonly pending: number;
  /** Resolves when everything recorded before is written or refused; later records are refused. */
  close(): Promise<void>;
}

/**
 * Writes audit records durably, many at a time: while a statement is under way the next batch collects, so that the cost of
 * a commit, and of waking the database for it, is shared by all requests that wait for it.
 */
export function createAuditSink(options: AuditSinkOptions): PostgresAuditSink {
  return new BatchingSink(options);
}

/** Records of one statement; all of them wait for its one outcome. */
class Batch {
  readonly rows: AuditRow[] = [];
  readonly outcome: Promise<void>;
  resolve!: () => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** A second statement runs beside the first only for a batch that is full: small ones cost more than they save. */
const MAX_IN_FLIGHT = 2;

class BatchingSink implements PostgresAuditSink {
  readonly #database: Database;
  readonly #maxBatch: number;
  readonly #maxPending: number;
  /** Batches that are not under way, oldest first; only the last one takes records. */
  readonly #waiting: Batch[] = [];
  #inFlight = 0;
  #pending = 0;
  #scheduled = false;
  #closed: (() => void) | undefined;

  constructor({ database, maxBatch = 256, maxPending = 10_000 }: AuditSinkOptions) {
    this.#database = database;
    this.#maxBatch = maxBatch;
    this.#maxPending = maxPending;
  }

  get pending(): number {
    return this.#pending;
  }

  record(row: AuditRow): Promise<void> {
    if (this.#pending >= this.#maxPending || this.#closed !== undefined) {
      const text = 'Too many requests wait for their audit records. Please retry.';
      return Promise.reject(new CofferError('ServiceUnavailable', text, { retryAfterSeconds: 1 }));
    }
    let batch = this.#waiting.at(-1);
    if (batch === undefined || batch.rows.length >= this.#maxBatch) {
      batch = new Batch();
      this.#waiting.push(batch);
    }
    batch.rows.push(row);
    this.#pending += 1;
    this.#schedule();
    return batch.outcome;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#closed = resolve;
      if (this.#pending === 0) resolve();
    });
  }

  /** At the end of this turn of the event loop: requests that arrive together share a statement. */
  #schedule(): void {
    if (this.#scheduled || !this.#mayWrite()) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#mayWrite()) void this.#write(this.#waiting.shift() as Batch);
    });
  }

  #mayWrite(): boolean {
    const next = this.#waiting[0];
    if (next === undefined || this.#inFlight >= MAX_IN_FLIGHT) return false;
    return this.#inFlight === 0 || next.rows.length >= this.#maxBatch;
  }

  async #write(batch: Batch): Promise<void> {
    this.#inFlight += 1;
    try {
      await insertAuditRows(this.#database, batch.rows);
      batch.resolve();
    } catch (error) {
      batch.reject(unavailable(error));
    }
    this.#inFlight -= 1;
    this.#pending -= batch.rows.length;
    this.#schedule();
    if (this.#pending === 0) this.#closed?.();
  }
}

/** Whatever the reason: without its record a request must be refused. */
function unavailable(cause: unknown): CofferError {
  const text = 'The service is temporarily unavailable. Please retry.';
  return new CofferError('ServiceUnavailable', text, { retryAfterSeconds: 1 }, { cause });
}
