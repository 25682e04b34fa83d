import { newId } from '@coffer/kernel';
import type { AuditRecord } from './audit-record.js';
import type { RequestAudit } from './request-context.js';
import type { VaultSnapshot } from './vault-snapshot.js';

/** Something that the service does by itself. */
export interface SystemWork {
  readonly operation: string;
  readonly service: string;
  readonly region: string;
  readonly vault: VaultSnapshot;
  /** Of the object. */
  readonly uri: string;
  /** `system:rotation`. */
  readonly oid: string;
  readonly correlationId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const OK = 200;

/** The audit record of work that no request asked for; for the transaction that does it. */
export function systemAudit(work: SystemWork): RequestAudit {
  let { uri } = work;
  let properties: Readonly<Record<string, unknown>> = {};
  const recordId = newId();
  return {
    describe: (facts) => {
      uri = facts.id ?? uri;
      properties = { ...properties, ...facts.properties };
    },
    row: () => ({ recordId, body: recordOf(work, recordId, uri, properties) }),
    committed: () => undefined,
  };
}

function recordOf(
  { operation, service, region, vault, oid, correlationId, now }: SystemWork,
  recordId: string,
  id: string,
  properties: Readonly<Record<string, unknown>>,
): AuditRecord {
  return {
    recordId,
    time: new Date(now).toISOString(),
    category: 'AuditEvent',
    resourceId: vault.resourceId.toUpperCase(),
    vaultId: vault.vaultId,
    operationName: operation,
    operationVersion: '',
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: '',
    durationMs: '0',
    callerIpAddress: '',
    correlationId,
    identity: { claim: { 'http://schemas.microsoft.com/identity/claims/objectidentifier': oid } },
    properties: { clientInfo: '', requestUri: '', id, httpStatusCode: OK, ...properties },
    service,
    region,
    decision: 'none',
    policyRevision: '',
    decisionReason: 'Scheduled',
  };
}
