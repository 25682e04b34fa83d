import type {
  AppendRequest,
  Database,
  InlineProjection,
  PendingEvent,
  RecordedEvent,
  SqlClient,
} from '@coffer/event-sourcing';
import { isTransient } from './faults.js';
import * as sql from './statements.js';

interface Waiting extends sql.GroupedAppend {
  readonly resolve: (events: readonly RecordedEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends of one transaction; bounds how long the first waits for the last. */
const MAX_GROUP = 32;
/** Transactions under way at a time: while one is being made durable the next runs. */
const MAX_IN_FLIGHT = 2;

/**
 * Commits appends in groups: those that arrive while a transaction is under way share the next one, so that its round trips
 * and its flush to disk are paid once. A group that is refused is taken apart and each append tried by itself: no append
 * fails for another's sake.
 */
export class GroupCommit {
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #scheduled = false;

  constructor(
    private readonly database: Database,
    private readonly projections: readonly InlineProjection[],
  ) {}

  /** Resolves with the stored events when they are durable. Rejects with the database's own error. */
  append(request: AppendRequest, events: readonly PendingEvent[]): Promise<readonly RecordedEvent[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, events, resolve, reject });
      this.#schedule();
    });
  }

  /** At the end of this turn of the event loop, so that requests which arrived in it share a transaction. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= MAX_IN_FLIGHT) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#next();
    });
  }

  #next(): void {
    if (this.#waiting.length === 0 || this.#inFlight >= MAX_IN_FLIGHT) return;
    const group = this.#waiting.slice(0, MAX_GROUP);
    this.#waiting = this.#waiting.slice(MAX_GROUP);
    this.#inFlight += 1;
    void this.#store(group).finally(() => {
      this.#inFlight -= 1;
      this.#schedule();
    });
  }

  async #store(group: readonly Waiting[]): Promise<void> {
    try {
      const stored = await this.#commit(group);
      group.forEach(({ resolve }, i) => {
        resolve(stored[i] ?? []);
      });
    } catch (error) {
      if (group.length === 1 || isTransient(error)) {
        for (const { reject } of group) reject(error);
        return;
      }
      for (const single of group) await this.#store([single]);
    }
  }

  #commit(group: readonly Waiting[]): Promise<RecordedEvent[][]> {
    const deleted = group.flatMap(({ request }) => request.material?.deleteObjects ?? []);
    const inserted = group.flatMap(({ request }) => request.material?.insert ?? []);
    const events = group.flatMap((append) => append.events);
    const wanted = this.projections.filter(({ handles }) => events.some((event) => handles.has(event.type)));
    if (deleted.length + inserted.length + wanted.length === 0) return sql.insertEvents(this.database, group);
    return this.database.transaction(async (client) => {
      if (deleted.length > 0) await sql.deleteMaterial(client, deleted);
      if (inserted.length > 0) await sql.insertMaterial(client, inserted);
      for (const projection of wanted) await applyTo(projection, client, events);
      // The heads are locked by the last statement only: writers of one vault hold each other up as briefly as can be.
      return sql.insertEvents(client, group);
    });
  }
}

/** Offers a projection the events that it handles. */
export async function applyTo(
  projection: InlineProjection,
  client: SqlClient,
  events: readonly PendingEvent[],
): Promise<void> {
  const handled = events.filter((event) => projection.handles.has(event.type));
  if (handled.length > 0) await projection.apply(client, handled);
}
