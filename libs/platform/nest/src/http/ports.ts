import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditSink, Authorizer, TokenVerifier, VaultDirectory } from '@coffer/contracts';
import type { Clock } from '@coffer/kernel';
import type { Hosts } from '@coffer/wire';
import type { Surface } from './surface.js';

/** What happens around requests that an operator should hear of; never a value, token or body. */
export interface HttpLog {
  /** A fault of ours: the caller got a 5xx. */
  fault(error: unknown, request: { readonly requestId: string; readonly operation: string }): void;
}

/** Facts of an answered request for metrics: never a name, a value or a caller. */
export interface Answered {
  readonly operation: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly decision?: { readonly effect: string; readonly reason: string };
  readonly algorithm?: string;
}

/** A request's part of a trace. */
export interface RequestSpan {
  /** W3C Trace Context for what the request causes. */
  readonly traceparent: string | undefined;
  within<T>(work: () => T): T;
  end(status: number, correlationId: string): void;
}

/** Answers everything of the login host that is in no operation table. Must not throw. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface HttpPorts {
  readonly surfaces: readonly Surface[];
  readonly hosts: Hosts;
  readonly tokens: TokenVerifier;
  readonly authorizer: Authorizer;
  /** Absent where no vault host is served. */
  readonly directory?: VaultDirectory;
  readonly login?: RawHandler;
  /** Takes the records of requests that reach no operation: without a token, or to an unknown path. */
  readonly strayAudit: { readonly service: string; readonly sink: AuditSink };
  /** Tenant of the installation: role assignments name principals of it, so no other issuer's caller passes for one. */
  readonly tenantId: string;
  readonly clock: Clock;
  /** Region name of this installation; also the location that denials name. */
  readonly region: string;
  /** `authorization` of the challenge: `https://login.localhost:8443/adfs`. */
  readonly authority: string;
  readonly log: HttpLog;
  /** Told of every answered request. Must not throw. */
  readonly answered?: (request: Answered) => void;
  /** Begins the request's part of the trace that its headers tell of; absent: no traces. Must not throw. */
  readonly trace?: (operation: string, method: string, header: (name: string) => string | undefined) => RequestSpan;
  /** Every request comes from the edge, which was authenticated: its `X-Forwarded-…` headers are believed. */
  readonly behindEdge?: boolean;
  /** Resolves when every part that requests depend on can work; what it throws is answered as 503 by /readyz. */
  readonly ready: () => Promise<void>;
}
