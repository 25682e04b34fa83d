import type { AuditSink } from '@coffer/contracts';
import type { AuditRow, Database } from '@coffer/event-sourcing';
import { CofferError } from '@coffer/kernel';
import { surfaced } from './faults.js';
import { insertAuditRows } from './statements.js';

export interface AuditSinkOptions {
  readonly database: Database;
  /** Records of one statement; default 256. */
  readonly maxBatch?: number;
  /** Statements under way at a time; default 2. */
  readonly maxInFlight?: number;
  /** Records that may wait; more are refused, and with them their requests. Default 10,000. */
  readonly maxPending?: number;
}

interface Waiting {
  readonly row: AuditRow;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes audit records durably, many at a time: while a statement is under way the next batch collects, so that the cost of
 * a commit is shared by all requests that wait for it.
 */
export function createAuditSink(options: AuditSinkOptions): AuditSink & { close(): Promise<void> } {
  return new BatchingSink(options);
}

class BatchingSink implements AuditSink {
  readonly #database: Database;
  readonly #maxBatch: number;
  readonly #maxInFlight: number;
  readonly #maxPending: number;
  #waiting: Waiting[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #scheduled = false;

  constructor({ database, maxBatch = 256, maxInFlight = 2, maxPending = 10_000 }: AuditSinkOptions) {
    this.#database = database;
    this.#maxBatch = maxBatch;
    this.#maxInFlight = maxInFlight;
    this.#maxPending = maxPending;
  }

  record(row: AuditRow): Promise<void> {
    if (this.#waiting.length >= this.#maxPending) {
      const text = 'Too many requests wait for their audit records. Please retry.';
      return Promise.reject(new CofferError('ServiceUnavailable', text, { retryAfterSeconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when everything recorded before is written or refused. */
  async close(): Promise<void> {
    while (this.#waiting.length > 0 || this.#inFlight.size > 0) {
      this.#flush();
      await Promise.all(this.#inFlight);
    }
  }

  /** At the end of this turn of the event loop: requests that arrive together share a statement. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight.size >= this.#maxInFlight) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#waiting.length === 0 || this.#inFlight.size >= this.#maxInFlight) return;
    const batch = this.#waiting.slice(0, this.#maxBatch);
    this.#waiting = this.#waiting.slice(this.#maxBatch);
    const writing = this.#write(batch).finally(() => {
      this.#inFlight.delete(writing);
      this.#flush();
    });
    this.#inFlight.add(writing);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      await insertAuditRows(
        this.#database,
        batch.map(({ row }) => row),
      );
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(surfaced(error));
    }
  }
}
