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
import { isConflict } from './faults.js';
import { GroupCommit } from './group-commit.js';
import * as sql from './statements.js';

export interface EventStoreOptions {
  readonly database: Database;
  /** Read models that are written in the append transaction. */
  readonly projections: readonly InlineProjection[];
  readonly upcasters?: Upcasters;
}

type AppendListener = (vaultId: string, streamIds: readonly string[]) => void;

/** The event store of one service (architecture §3). */
export function createEventStore(options: EventStoreOptions): EventStore {
  return new PostgresEventStore(options);
}

class PostgresEventStore implements EventStore {
  readonly #database: Database;
  readonly #commits: GroupCommit;
  readonly #upcasters: Upcasters;
  readonly #listeners: AppendListener[] = [];

  constructor({ database, projections, upcasters = {} }: EventStoreOptions) {
    this.#database = database;
    this.#commits = new GroupCommit(database, projections);
    this.#upcasters = upcasters;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    try {
      return { events: await this.#commits.append(request, pendingEvents(request)), duplicate: false };
    } catch (error) {
      if (!isConflict(error)) throw error;
      const events = await sql.selectAppend(this.#database, request.commandId);
      if (events.length > 0) return { events: events.map((event) => upcast(event, this.#upcasters)), duplicate: true };
      throw new ConcurrencyConflict('the stream, or a name in it, was written meanwhile', { cause: error });
    } finally {
      // Also after a failure: a commit whose answer was lost has changed the state.
      const streamIds = request.streams.map((stream) => stream.streamId);
      for (const listener of this.#listeners) listener(request.vaultId, streamIds);
    }
  }

  async load(streamId: string, afterVersion = 0): Promise<readonly RecordedEvent[]> {
    return (await sql.selectStream(this.#database, streamId, afterVersion)).map((e) => upcast(e, this.#upcasters));
  }

  async readVault(vaultId: string, fromSeq: number, limit: number): Promise<readonly RecordedEvent[]> {
    return (await sql.selectVault(this.#database, vaultId, fromSeq, limit)).map((e) => upcast(e, this.#upcasters));
  }

  onAppend(listener: AppendListener): void {
    this.#listeners.push(listener);
  }
}

function pendingEvents(request: AppendRequest): PendingEvent[] {
  const { vaultId, meta } = request;
  const recordedAt = new Date(request.recordedAt).toISOString();
  return request.streams.flatMap(({ streamId, expectedVersion, events }) =>
    events.map((event, i) => ({
      ...event,
      vaultId,
      streamId,
      streamVersion: expectedVersion + i + 1,
      recordedAt,
      meta,
    })),
  );
}

/** The log as its consumers re-read it. */
export function createOwnerLog(database: Database, upcasters: Upcasters = {}): OwnerLog {
  return {
    readVault: async (vaultId, fromSeq, limit) =>
      (await sql.selectVault(database, vaultId, fromSeq, limit)).map((event) => upcast(event, upcasters)),
    heads: () => sql.selectHeads(database),
  };
}
