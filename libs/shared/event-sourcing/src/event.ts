/** What a decider speaks in: a literal union of these per aggregate. `type` is a subject and a past participle. */
export interface DomainEvent<T extends string = string, D = unknown> {
  readonly type: T;
  /** Version of the meaning of `data`; absent means 1. See upcast.ts. */
  readonly schemaVersion?: number;
  /** Public facts. No secret byte and no descriptive customer text (architecture, rule 3). */
  readonly data: D;
  /** Descriptive customer text (tags, content type), encrypted under the object's DEK before it is stored. */
  readonly sealed?: Readonly<Record<string, unknown>>;
}

export interface Actor {
  /** Object id of the principal (`oid`), or a service name such as `system:purge`. */
  readonly oid: string;
  readonly appid?: string;
  readonly tid?: string;
}

export interface EventMeta {
  readonly actor: Actor;
  /** The request id of the call that caused this. */
  readonly correlationId: string;
  /** Event id that caused this, when a process manager acted. */
  readonly causationId?: string;
  readonly apiVersion?: string;
  readonly region: string;
  /** W3C Trace Context of the call that caused this, while traces are taken. */
  readonly traceparent?: string;
}

/** An event as its store keeps it. */
export interface RecordedEvent<E extends DomainEvent = DomainEvent> {
  readonly eventId: string;
  readonly type: E['type'];
  readonly schemaVersion: number;
  readonly vaultId: string;
  /** Gapless per vault, from 1; taken under the vault's head row lock. */
  readonly vaultSeq: number;
  /** Fencing number of the vault's home region, from 1. */
  readonly epoch: number;
  readonly streamId: string;
  /** Gapless per stream, from 1. */
  readonly streamVersion: number;
  /** ISO 8601, UTC, milliseconds; the command's clock. */
  readonly recordedAt: string;
  readonly data: E['data'];
  /** Ciphertext of the descriptive part, base64url; absent when the event has none. */
  readonly sealed?: string;
  readonly meta: EventMeta;
}

/** What an inline projection may depend on: everything that is known before the head row is locked. */
export type PendingEvent<E extends DomainEvent = DomainEvent> = Omit<RecordedEvent<E>, 'vaultSeq' | 'epoch'>;

/** `<aggregate>-<objectId>`; the objectId is minted per incarnation, so a purged name starts a new stream. */
export function streamIdOf(aggregate: string, objectId: string): string {
  return `${aggregate}-${objectId}`;
}
