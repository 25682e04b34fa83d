import type {
  AppendRequest,
  Database,
  InlineProjection,
  PendingEvent,
  RecordedEvent,
  SqlClient,
} from '@coffer/event-sourcing';
import { CofferError, isCofferError } from '@coffer/kernel';
import { insertEvents, type GroupedAppend } from './append-events.js';
import { recordChange } from './instances/change-sql.js';
import { deleteMaterial, insertMaterial } from './statements.js';

/** What an append has stored. */
export interface Stored {
  readonly events: readonly RecordedEvent[];
  /** Number of the change that it was recorded as, where instances share the database. */
  readonly change?: number;
}

interface Waiting extends GroupedAppend {
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends of one transaction; bounds how long the first waits for the last. */
const MAX_GROUP = 32;
/** Transactions under way at a time: while one is being made durable the next runs. */
const MAX_IN_FLIGHT = 2;
/** Appends that may wait; more are refused. */
const MAX_WAITING = 10_000;
/** After so long a group waits for another process's lock: it gives its turn away, and its vaults wait for it alone. */
const STALLED_AFTER_MS = 100;
const MAX_STALLED = 8;

/**
 * Commits appends in groups: those that arrive while a transaction is under way share the next one, so that its round trips
 * and its flush to disk are paid once. A group that is refused is taken apart and each append tried by itself: no append
 * fails for another's sake.
 */
export class GroupCommit {
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #scheduled = false;
  readonly #stalled = new Set<ReadonlySet<string>>();

  constructor(
    private readonly database: Database,
    private readonly projections: readonly InlineProjection[],
    /** Whether caches of other instances may hold what the append writes; absent where there are none. */
    private readonly isChange?: (request: AppendRequest) => boolean,
  ) {}

  /** Resolves with the stored events when they are durable. Rejects with the database's own error. */
  append(append: GroupedAppend): Promise<Stored> {
    if (this.#waiting.length >= MAX_WAITING) {
      const text = 'Too many requests wait to be stored. Please retry.';
      return Promise.reject(new CofferError('ServiceUnavailable', text, { retryAfterSeconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...append, resolve, reject });
      this.#schedule();
    });
  }

  /** At the end of this turn of the event loop, so that requests which arrived in it share a transaction. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= MAX_IN_FLIGHT || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#next();
    });
  }

  #next(): void {
    const group = this.#takeGroup();
    if (group.length === 0) return;
    const vaults = new Set(group.map(({ request }) => request.vaultId));
    this.#inFlight += 1;
    const alarm = setTimeout(() => {
      if (this.#stalled.size >= MAX_STALLED) return;
      this.#stalled.add(vaults);
      this.#inFlight -= 1;
      this.#schedule();
    }, STALLED_AFTER_MS);
    // Of those that are left, as many as may.
    this.#schedule();
    void this.#store(group).finally(() => {
      clearTimeout(alarm);
      if (!this.#stalled.delete(vaults)) this.#inFlight -= 1;
      this.#schedule();
    });
  }

  /** The longest waiting first. Those of a stalled vault stay, and the second one of a stream, which the first may refute. */
  #takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    const left: Waiting[] = [];
    const streams = new Set<string>();
    for (const append of this.#waiting) {
      const ids = append.request.streams.map(({ streamId }) => streamId);
      const fits = group.length < MAX_GROUP && !ids.some((id) => streams.has(id)) && !this.#isStalled(append);
      (fits ? group : left).push(append);
      for (const id of ids) streams.add(id);
    }
    this.#waiting = left;
    return group;
  }

  #isStalled({ request }: Waiting): boolean {
    for (const vaults of this.#stalled) if (vaults.has(request.vaultId)) return true;
    return false;
  }

  async #store(group: readonly Waiting[]): Promise<void> {
    try {
      const { events, change } = await this.#commit(group);
      group.forEach(({ resolve, request }, i) => {
        const changed = change !== undefined && this.isChange?.(request) === true;
        resolve({ events: events[i] ?? [], ...(changed ? { change } : {}) });
      });
    } catch (error) {
      // After a fault of the server each append's outcome is as unknown as the other's.
      if (group.length === 1 || isCofferError(error, 'ServiceUnavailable')) {
        for (const { reject } of group) reject(error);
        return;
      }
      for (const single of group) await this.#store([single]);
    }
  }

  async #commit(group: readonly Waiting[]): Promise<{ events: RecordedEvent[][]; change?: number }> {
    const deleted = group.flatMap(({ request }) => request.material?.deleteObjects ?? []);
    const inserted = group.flatMap(({ request }) => request.material?.insert ?? []);
    const events = group.flatMap((append) => append.events);
    const wanted = this.projections.filter(({ handles }) => events.some((event) => handles.has(event.type)));
    const changes = this.#changesOf(group);
    if (deleted.length + inserted.length + wanted.length + changes.length === 0) {
      return { events: await insertEvents(this.database, group) };
    }
    return this.database.transaction(async (client) => {
      if (deleted.length > 0) await deleteMaterial(client, deleted);
      if (inserted.length > 0) await insertMaterial(client, inserted);
      for (const projection of wanted) await applyTo(projection, client, events);
      // The heads are locked by the last statements only: writers of one vault hold each other up as briefly as can be.
      const stored = await insertEvents(client, group);
      return changes.length === 0
        ? { events: stored }
        : { events: stored, change: await recordChange(client, changes) };
    });
  }

  #changesOf(group: readonly Waiting[]): { readonly vaultId: string; readonly streamId: string }[] {
    const { isChange } = this;
    if (isChange === undefined) return [];
    return group
      .filter(({ request }) => isChange(request))
      .flatMap(({ request: { vaultId, streams } }) => streams.map(({ streamId }) => ({ vaultId, streamId })));
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
