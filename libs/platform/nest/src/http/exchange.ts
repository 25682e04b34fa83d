import type { FastifyRequest } from 'fastify';
import type { AuditRow, EventMeta } from '@coffer/event-sourcing';
import { newId, newOrderedId, type Clock } from '@coffer/kernel';
import type { Decision } from '@coffer/contracts';
import type { HostTarget, Principal, RequestAudit, VaultRequestContext, VaultSnapshot } from '@coffer/wire';
import { auditRecord } from './audit-record.js';
import type { RequestSpan } from './ports.js';
import type { MountedOperation } from './surface.js';

/** Stands in for the caller where none is asked for. */
const nobody: Principal = { oid: '', tid: '', groups: [], issuer: '', onBehalfOf: false };

/**
 * Everything known of one request while it is answered: the handler's context, and the facts of its audit record. Members
 * of the context are the object's own, because handlers copy contexts by spreading them.
 */
export class Exchange implements VaultRequestContext, RequestAudit {
  readonly requestId = newId();
  readonly operation: string;
  readonly baseUrl: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly audit: RequestAudit = this;
  readonly lastEventId?: string;
  apiVersion = '';
  principal = nobody;
  query: Readonly<Record<string, string | undefined>> = {};
  /** Of the caller; complete once the request is admitted. */
  meta: EventMeta;
  /** Set by `enter`; handlers of operations without a vault are not shown it. */
  vault!: VaultSnapshot;
  decision: Decision | undefined;
  /** Set once a transaction that carried the record has committed. */
  recorded = false;
  /** What the record says went wrong; empty for success. */
  failure = '';
  objectId: string | undefined;
  properties: Readonly<Record<string, unknown>> | undefined;
  #recordId: string | undefined;

  constructor(
    readonly mounted: MountedOperation,
    readonly request: FastifyRequest,
    readonly target: HostTarget,
    readonly region: string,
    readonly now: number,
    /** Monotonic milliseconds at arrival. */
    readonly started: number,
    private readonly clock: Clock,
    /** The edge tells who the client is. */
    readonly behindEdge: boolean,
    readonly span: RequestSpan | undefined,
  ) {
    this.operation = mounted.name;
    this.baseUrl = target.baseUrl;
    const lastEventId = request.headers['last-event-id'];
    if (typeof lastEventId === 'string') this.lastEventId = lastEventId;
    this.params = request.params as Record<string, string | undefined>;
    this.meta = this.#meta();
  }

  get vaultOrNone(): VaultSnapshot | undefined {
    return this.vault;
  }

  /** The request is the caller's, under this version of the interface. */
  admit(principal: Principal, apiVersion: string): void {
    this.principal = principal;
    this.apiVersion = apiVersion;
    this.meta = this.#meta();
  }

  enter(vault: VaultSnapshot): void {
    this.vault = vault;
  }

  describe(facts: { readonly id?: string; readonly properties?: Readonly<Record<string, unknown>> }): void {
    this.objectId = facts.id ?? this.objectId;
    if (facts.properties !== undefined) this.properties = { ...this.properties, ...facts.properties };
  }

  row(status: number): AuditRow {
    this.#recordId ??= newOrderedId(this.now);
    const body = auditRecord(this, this.#recordId, status, Math.round(this.clock.monotonic() - this.started));
    return { recordId: this.#recordId, body };
  }

  committed(): void {
    this.recorded = true;
  }

  #meta(): EventMeta {
    const { oid, appid, tid } = this.principal;
    return {
      actor: appid === undefined ? { oid, tid } : { oid, appid, tid },
      correlationId: this.requestId,
      apiVersion: this.apiVersion,
      region: this.region,
      ...(this.span?.traceparent === undefined ? {} : { traceparent: this.span.traceparent }),
    };
  }
}
