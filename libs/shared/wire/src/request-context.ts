import type { AuditRow, EventMeta } from '@coffer/event-sourcing';
import type { OperationTable, Operation } from './operation.js';
import type { Principal } from './principal.js';
import type { VaultSnapshot } from './vault-snapshot.js';

/** Writes the request's audit record: inside an append transaction for commands, by the pipeline for everything else. */
export interface RequestAudit {
  /** Adds facts (object URI, algorithm, …) to the record. Never a value, plaintext or token. */
  describe(facts: { readonly id?: string; readonly properties?: Readonly<Record<string, unknown>> }): void;
  /** The record of a request that ends with `status`, to be stored in the command's own transaction. */
  row(status: number): AuditRow;
  /** Call when the transaction that carried `row` has committed; otherwise the pipeline records before it answers. */
  committed(): void;
}

/** A request that has passed sign-in and authorization. */
export interface RequestContext {
  readonly operation: string;
  readonly requestId: string;
  readonly apiVersion: string;
  readonly region: string;
  /** Milliseconds since the epoch at arrival. */
  readonly now: number;
  readonly principal: Principal;
  /** Scheme, host and port under which the caller reached us, from configuration and the validated host: `https://v1.vault.localhost:8443`. */
  readonly baseUrl: string;
  /** `Last-Event-ID` of a reader that goes on with a stream. */
  readonly lastEventId?: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly meta: EventMeta;
  readonly audit: RequestAudit;
}

/** A data-plane request: the vault exists, is active, and the caller holds the operation's permission on it. */
export interface VaultRequestContext extends RequestContext {
  readonly vault: VaultSnapshot;
}

export interface Reply {
  /** Serialised as JSON; absent for 204. */
  readonly body?: unknown;
  /** Sent piece by piece, as `text/event-stream`, until it ends or `signal` tells that nobody listens any more. */
  readonly events?: (signal: AbortSignal) => AsyncIterable<string>;
  /** Sent as it is, instead of `body`. */
  readonly bytes?: { readonly type: string; readonly content: Uint8Array };
  /** Defaults to the operation's success status. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

type ContextOf<O extends Operation> = O['host'] extends 'vault' ? VaultRequestContext : RequestContext;

/** One handler per row of an operation table; `body` is the parsed JSON, unvalidated, `undefined` when there was none. */
export type HandlersOf<T extends OperationTable> = {
  readonly [K in keyof T]: (context: ContextOf<T[K]>, body: unknown) => Promise<Reply>;
};
