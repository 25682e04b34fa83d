import type { AuditSink, Sealer, TokenAudience } from '@coffer/contracts';
import type { Database, EventStore } from '@coffer/event-sourcing';
import type { Clock } from '@coffer/kernel';
import type { Pager } from '@coffer/wire';

export interface IdentityPorts {
  readonly database: Database;
  readonly store: EventStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly pager: Pager;
  /** Takes the records of sign-in attempts. */
  readonly audit: AuditSink;
  /** Scheme, host and port of the login host, without trailing slash: `https://login.localhost:8443`. */
  readonly loginUrl: string;
  /** The tenant of this installation (GUID); tokens of the `adfs` authority carry it too. */
  readonly tenantId: string;
  /** Resources that tokens are issued for, as their `aud` shall read (no trailing slash). */
  readonly audiences: Readonly<Record<TokenAudience, readonly string[]>>;
  readonly region: string;
  /** Life of an access token. Default 3600. */
  readonly tokenLifetimeSeconds?: number;
  /** How long one key signs before the next takes over. Default 30 days. */
  readonly signingKeyPeriodSeconds?: number;
  /** How long a key is published before it signs, so that verifiers elsewhere know it. Default 1 day. */
  readonly signingKeyLeadSeconds?: number;
}
