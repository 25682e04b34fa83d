import type { RecordFilter } from '@coffer/audit-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import { CofferError } from '@coffer/kernel';
import { listRecords, type RecordRow } from '../postgres/list-records.js';

/** Streams of one instance; each costs a look at the database every so often. */
const MAX_STREAMS = 100;
const PAGE = 200;
const LOOK_EVERY_MS = 250;
const HEARTBEAT_MS = 15_000;
/** A stream ends after this time; its reader comes back by itself, and is authorized anew. */
const LIFETIME_MS = 60_000;

/** The log as server-sent events: `id` is a record's index. Every instance sees every record, whoever sequenced it. */
export class RecordStreams {
  #open = 0;

  /** Throws Throttled when too many are open. */
  open(
    database: SqlClient,
    filter: RecordFilter,
    after: number,
    toWire: (row: RecordRow) => unknown,
  ): (signal: AbortSignal) => AsyncIterable<string> {
    if (this.#open >= MAX_STREAMS) {
      throw new CofferError('Throttled', 'Too many streams are open. Please retry.', { retryAfterSeconds: 5 });
    }
    return (signal) => this.#read(database, filter, after, toWire, signal);
  }

  async *#read(
    database: SqlClient,
    filter: RecordFilter,
    after: number,
    toWire: (row: RecordRow) => unknown,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    this.#open += 1;
    const until = performance.now() + LIFETIME_MS;
    let [last, saidAt] = [after, performance.now()];
    try {
      yield 'retry: 1000\n\n';
      while (!signal.aborted && performance.now() < until) {
        const rows = await listRecords(database, filter, { order: 'asc', limit: PAGE, after: last });
        for (const row of rows) {
          yield `id: ${row.index}\nevent: AuditEvent\ndata: ${JSON.stringify(toWire(row))}\n\n`;
          last = row.index;
        }
        if (rows.length > 0) saidAt = performance.now();
        if (rows.length === PAGE) continue;
        if (performance.now() - saidAt > HEARTBEAT_MS) {
          yield ': still here\n\n';
          saidAt = performance.now();
        }
        await pause(signal);
      }
    } finally {
      this.#open -= 1;
    }
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, LOOK_EVERY_MS);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
