import {
  ConcurrencyConflict,
  upcast,
  type AppendRequest,
  type AppendResult,
  type Database,
  type EventStore,
  type InlineProjection,
  type OwnerLog,
  type PendingEvent,
  type RecordedEvent,
  type Upcasters,
} from '@coffer/event-sourcing';
import { isCofferError } from '@coffer/kernel';
import type { GroupedAppend } from './append-events.js';
import { isConflict } from './faults.js';
import { GroupCommit } from './group-commit.js';
import { selectHead } from './instances/change-sql.js';
import * as sql from './statements.js';

export interface EventStoreOptions {
  readonly database: Database;
  /** Read models that are written in the append transaction. */
  readonly projections: readonly InlineProjection[];
  readonly upcasters?: Upcasters;
  /** Told of every append that is durable. Must not throw. */
  readonly onCommitted?: (vaultId: string) => void;
  /** Where other instances write the same database. */
  readonly instances?: InstanceBarrier;
}

/** How an append waits for the caches of other instances (docs/adr/0006). */
export interface InstanceBarrier {
  /** Whether a cache somewhere may hold what the append writes. */
  isChange(request: AppendRequest): boolean;
  /** Whether less is allowed after it: then nobody is told before it holds everywhere. */
  tightens(request: AppendRequest): boolean;
  awaitEnforced(change: number): Promise<void>;
  awaitSeen(change: number, milliseconds: number): Promise<void>;
}

/** A store that can be told what other instances have written. */
export interface SharedEventStore extends EventStore {
  /** Calls the listeners of `onAppend`. */
  announce(vaultId: string, streamIds: readonly string[]): void;
}

/** So long a change that only gives waits for other instances, so that the next request sees it wherever it arrives. */
const SEEN_WITHIN_MS = 1_000;

type AppendListener = (vaultId: string, streamIds: readonly string[]) => void;

/** The event store of one service (architecture §3). */
export function createEventStore(options: EventStoreOptions): SharedEventStore {
  return new PostgresEventStore(options);
}

class PostgresEventStore implements SharedEventStore {
  readonly #database: Database;
  readonly #commits: GroupCommit;
  readonly #upcasters: Upcasters;
  readonly #onCommitted: ((vaultId: string) => void) | undefined;
  readonly #listeners: AppendListener[] = [];

  readonly #instances: InstanceBarrier | undefined;

  constructor({ database, projections, upcasters = {}, onCommitted, instances }: EventStoreOptions) {
    this.#database = database;
    this.#instances = instances;
    this.#onCommitted = onCommitted;
    this.#commits = new GroupCommit(database, projections, instances && ((request) => instances.isChange(request)));
    this.#upcasters = upcasters;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const { change, ...result } = await this.#append(request);
    if (change !== undefined) await this.#settle(request, change);
    return result;
  }

  /** Returns when the caches of every instance have dropped what the append made out of date. */
  async #settle(request: AppendRequest, change: number): Promise<void> {
    if (this.#instances?.tightens(request) === true) await this.#instances.awaitEnforced(change);
    else await this.#instances?.awaitSeen(change, SEEN_WITHIN_MS);
  }

  async settled(): Promise<void> {
    if (this.#instances !== undefined) await this.#instances.awaitEnforced(await selectHead(this.#database));
  }

  async #append(request: AppendRequest): Promise<AppendResult & { readonly change?: number }> {
    try {
      const { events, change } = await this.#commits.append(toGrouped(request));
      this.#onCommitted?.(request.vaultId);
      return { events, duplicate: false, ...(change === undefined ? {} : { change }) };
    } catch (error) {
      if (isCofferError(error, 'ServiceUnavailable')) throw error;
      // A repeated command may fail anywhere: on its version, its material, or a name that it took itself.
      const events = await sql.selectAppend(this.#database, request.commandId);
      if (events.length > 0) {
        const stored = { events: events.map((event) => upcast(event, this.#upcasters)), duplicate: true };
        // Its number is not known any more: a caller who asks again waits for everything up to now.
        return this.#instances === undefined ? stored : { ...stored, change: await selectHead(this.#database) };
      }
      if (!isConflict(error)) throw error;
      throw new ConcurrencyConflict('the stream, or a name in it, was written meanwhile', { cause: error });
    } finally {
      // Also after a failure: a commit whose answer was lost has changed the state.
      this.announce(
        request.vaultId,
        request.streams.map((stream) => stream.streamId),
      );
    }
  }

  announce(vaultId: string, streamIds: readonly string[]): void {
    for (const listener of this.#listeners) listener(vaultId, streamIds);
  }

  async load(streamId: string, afterVersion = 0, limit?: number): Promise<readonly RecordedEvent[]> {
    const events = await sql.selectStream(this.#database, streamId, afterVersion, limit);
    return events.map((event) => upcast(event, this.#upcasters));
  }

  async readVault(vaultId: string, fromSeq: number, limit: number): Promise<readonly RecordedEvent[]> {
    return (await sql.selectVault(this.#database, vaultId, fromSeq, limit)).map((e) => upcast(e, this.#upcasters));
  }

  onAppend(listener: AppendListener): void {
    this.#listeners.push(listener);
  }
}

function toGrouped(request: AppendRequest): GroupedAppend {
  const { vaultId, meta, commandId } = request;
  const recordedAt = new Date(request.recordedAt).toISOString();
  const bodies: string[] = [];
  const events: PendingEvent[] = [];
  for (const { streamId, expectedVersion, events: added } of request.streams) {
    for (const [i, event] of added.entries()) {
      const body = JSON.stringify(event.data ?? null);
      const eventId = bodies.length === 0 ? commandId : event.eventId;
      bodies.push(body);
      // Projections see what a rebuild will read: the stored text, without members that JSON does not know.
      const data: unknown = JSON.parse(body);
      events.push({
        ...event,
        eventId,
        data,
        vaultId,
        streamId,
        streamVersion: expectedVersion + i + 1,
        recordedAt,
        meta,
      });
    }
  }
  if (events.length === 0) throw new Error('an append needs an event');
  return { request, events, bodies };
}

/** The log as its consumers re-read it. */
export function createOwnerLog(database: Database, upcasters: Upcasters = {}): OwnerLog {
  return {
    readVault: async (vaultId, fromSeq, limit) =>
      (await sql.selectVault(database, vaultId, fromSeq, limit)).map((event) => upcast(event, upcasters)),
    heads: () => sql.selectHeads(database),
  };
}
