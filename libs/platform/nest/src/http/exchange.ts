import type { FastifyRequest } from 'fastify';
import type { AuditRow, EventMeta } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import type { Decision } from '@coffer/contracts';
import type { HostTarget, Principal, RequestAudit, VaultRequestContext, VaultSnapshot } from '@coffer/wire';
import { auditRecord } from './audit-record.js';
import type { MountedOperation } from './surface.js';

/** Stands in for the caller where none is asked for. */
const nobody: Principal = { oid: '', tid: '', groups: [], issuer: '', onBehalfOf: false };

/** Everything known of one request while it is answered: the handler's context, and the facts of its audit record. */
export class Exchange implements VaultRequestContext, RequestAudit {
  readonly requestId = newId();
  apiVersion = '';
  principal = nobody;
  query: Readonly<Record<string, string | undefined>> = {};
  decision: Decision | undefined;
  /** Set once a transaction that carried the record has committed. */
  recorded = false;
  /** What the record says went wrong; empty for success. */
  failure = '';
  objectId: string | undefined;
  properties: Readonly<Record<string, unknown>> | undefined;
  #vault: VaultSnapshot | undefined;
  #recordId: string | undefined;

  constructor(
    readonly mounted: MountedOperation,
    readonly request: FastifyRequest,
    readonly target: HostTarget,
    readonly region: string,
    readonly now: number,
    /** Monotonic milliseconds at arrival. */
    readonly started: number,
    private readonly monotonic: () => number,
  ) {}

  get operation(): string {
    return this.mounted.name;
  }

  get baseUrl(): string {
    return this.target.baseUrl;
  }

  get params(): Readonly<Record<string, string | undefined>> {
    return this.request.params as Record<string, string | undefined>;
  }

  get audit(): RequestAudit {
    return this;
  }

  get vault(): VaultSnapshot {
    if (this.#vault === undefined) throw new Error('this operation has no vault');
    return this.#vault;
  }

  get vaultOrNone(): VaultSnapshot | undefined {
    return this.#vault;
  }

  enter(vault: VaultSnapshot): void {
    this.#vault = vault;
  }

  get meta(): EventMeta {
    const { oid, appid, tid } = this.principal;
    return {
      actor: { oid, tid, ...(appid === undefined ? {} : { appid }) },
      correlationId: this.requestId,
      apiVersion: this.apiVersion,
      region: this.region,
    };
  }

  describe(facts: { readonly id?: string; readonly properties?: Readonly<Record<string, unknown>> }): void {
    this.objectId = facts.id ?? this.objectId;
    if (facts.properties !== undefined) this.properties = { ...this.properties, ...facts.properties };
  }

  row(status: number): AuditRow {
    this.#recordId ??= newId();
    const body = auditRecord(this, this.#recordId, status, Math.round(this.monotonic() - this.started));
    return { recordId: this.#recordId, body };
  }

  committed(): void {
    this.recorded = true;
  }
}
