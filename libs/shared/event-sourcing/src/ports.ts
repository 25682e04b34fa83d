import type { EventMeta, PendingEvent, RecordedEvent } from './event.js';

/** The part of a database transaction that features' SQL may use. Values are bound, never formatted into text. */
export interface SqlClient {
  // The row type is the caller's claim about its own statement: SQL results cannot be checked by the compiler.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** A database of one service: statements outside a transaction, or several inside one. */
export interface Database extends SqlClient {
  /** Commits when `work` resolves, rolls back when it throws. */
  transaction<T>(work: (client: SqlClient) => Promise<T>): Promise<T>;
}

/**
 * A read model written inside the append transaction (architecture, rule 4). `apply` must depend on nothing but the
 * events and its own tables, so that a rebuild from the log gives the same rows, byte for byte.
 */
export interface InlineProjection {
  readonly name: string;
  /** Tables the projection owns; a rebuild empties them. */
  readonly tables: readonly string[];
  /** Event types it wants; others are not offered. */
  readonly handles: ReadonlySet<string>;
  apply(client: SqlClient, events: readonly PendingEvent[]): Promise<void>;
}

export interface NewEvent {
  readonly eventId: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
  /** Ciphertext, base64url. */
  readonly sealed?: string;
}

/** One ciphertext row of the deletable `material` table (architecture §4). `kind` with `version` '' is the object's own DEK. */
export interface MaterialRow {
  readonly materialId: string;
  readonly objectId: string;
  readonly kind: string;
  readonly version: string;
  /** KEK term that wraps the DEK. */
  readonly term: number;
  readonly wrappedDek: Buffer;
  /** nonce ‖ ciphertext ‖ tag; empty for a row that only carries a DEK. */
  readonly ciphertext: Buffer;
}

/** An audit record on its way to the audit log; `body` is the canonical record, already free of secrets. */
export interface AuditRow {
  readonly recordId: string;
  readonly body: object;
}

export interface AppendRequest {
  readonly vaultId: string;
  readonly streams: readonly {
    readonly streamId: string;
    /** The stream's version that the decision was made on; 0 for a new stream. */
    readonly expectedVersion: number;
    readonly events: readonly NewEvent[];
  }[];
  readonly meta: EventMeta;
  /** Milliseconds since the epoch, from the command. */
  readonly recordedAt: number;
  /**
   * Makes the append idempotent: it becomes the first event's id, and a second append with the same id changes
   * nothing and returns the first one's events.
   */
  readonly commandId: string;
  readonly material?: {
    readonly insert?: readonly MaterialRow[];
    /** Deletes every material row of these objects (purge). */
    readonly deleteObjects?: readonly string[];
  };
  readonly audit?: AuditRow;
}

export interface AppendResult {
  readonly events: readonly RecordedEvent[];
  /** True when `commandId` had been appended before. */
  readonly duplicate: boolean;
}

/** Thrown by `append` when a stream has moved on, or its name was taken meanwhile: load again and decide again. */
export class ConcurrencyConflict extends Error {
  override readonly name = 'ConcurrencyConflict';
}

export interface EventStore {
  /** One transaction: events, material, inline projections, audit record. Throws ConcurrencyConflict or CofferError('ServiceUnavailable'). */
  append(request: AppendRequest): Promise<AppendResult>;
  /**
   * Resolves when everything that is committed holds for every request that begins from then on, on any instance. Before it,
   * a command that finds nothing left to do must not be answered: what it asks for may be another one's that still waits.
   */
  settled(): Promise<void>;
  /** Events of one stream after `afterVersion`, in order, upcast to the newest schema; the first `limit` of them. */
  load(streamId: string, afterVersion?: number, limit?: number): Promise<readonly RecordedEvent[]>;
  /** Events of one vault from `fromSeq` on, in order; for relays, gap re-reads and rebuilds. */
  readVault(vaultId: string, fromSeq: number, limit: number): Promise<readonly RecordedEvent[]>;
  /** Called after every attempt to commit, also one whose outcome is unknown; must not throw. Caches drop entries here. */
  onAppend(listener: (vaultId: string, streamIds: readonly string[]) => void): void;
}

/** One message of a topic. `key` is the vaultId; order is promised per key only. */
export interface FeedMessage {
  readonly topic: string;
  readonly key: string;
  /** Unique id (event id or audit record id): consumers treat a second delivery as done. */
  readonly id: string;
  readonly type: string;
  /** `vaultSeq`; absent on topics that are not numbered (audit). */
  readonly seq?: number;
  /** ISO 8601. */
  readonly time: string;
  readonly body: unknown;
  /** `body` as JSON text, where whoever publishes it has that already. */
  readonly text?: string;
  /** What travels beside the message: `traceparent` (W3C Trace Context). */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FeedSubscription {
  /** Stops delivery; resolves when a running handler has ended. */
  stop(): Promise<void>;
}

/** Carries messages between services: at least once, in order per key. Adapters: memory, Kafka. */
export interface Feed {
  /** Resolves when the messages are safe with the feed (memory: when every subscriber has handled them). */
  publish(messages: readonly FeedMessage[]): Promise<void>;
  /**
   * `handle` rejecting means "not handled": the same messages come again. Two subscriptions with one group share the
   * work; different groups get every message each.
   */
  subscribe(
    options: { topics: readonly string[]; group: string },
    handle: (messages: readonly FeedMessage[]) => Promise<void>,
  ): Promise<FeedSubscription>;
}
