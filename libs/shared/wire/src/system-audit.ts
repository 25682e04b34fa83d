import { newOrderedId } from '@coffer/kernel';
import { OBJECT_ID_CLAIM, type AuditRecord } from './audit-record.js';
import type { RequestAudit } from './request-context.js';
import type { VaultSnapshot } from './vault-snapshot.js';

/** Something that the service does by itself. */
export interface SystemWork {
  readonly operation: string;
  readonly service: string;
  readonly region: string;
  /** Absent for work outside vaults. */
  readonly vault?: VaultSnapshot;
  /** Of what the work is done to, until `describe` says it better. */
  readonly uri: string;
  /** `system:rotation`. */
  readonly oid: string;
  /** Why it is done, as the record's `decisionReason`. */
  readonly reason: 'Scheduled' | 'FirstStart';
  /** Whose rules it follows; absent where there is no choice. */
  readonly apiVersion?: string;
  readonly correlationId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The audit record of work that no request asked for; for the transaction that does it. */
export function systemAudit(work: SystemWork): RequestAudit & { recorded(): boolean } {
  let recorded = false;
  let { uri } = work;
  let properties: Readonly<Record<string, unknown>> = {};
  const recordId = newOrderedId(work.now);
  return {
    describe: (facts) => {
      uri = facts.id ?? uri;
      properties = { ...properties, ...facts.properties };
    },
    row: (status) => ({
      recordId,
      body: recordOf(work, recordId, { httpStatusCode: status, id: uri, ...properties }),
    }),
    committed: () => {
      recorded = true;
    },
    recorded: () => recorded,
  };
}

function recordOf(
  work: SystemWork,
  recordId: string,
  facts: { readonly id: string; readonly httpStatusCode: number },
): AuditRecord {
  const { vault } = work;
  return {
    callerIpAddress: '',
    category: 'AuditEvent',
    correlationId: work.correlationId,
    decision: 'none',
    decisionReason: work.reason,
    durationMs: '0',
    identity: { claim: { [OBJECT_ID_CLAIM]: work.oid } },
    operationName: work.operation,
    operationVersion: work.apiVersion ?? '',
    policyRevision: '',
    properties: { clientInfo: '', ...facts, requestUri: '' },
    recordId,
    region: work.region,
    resourceId: vault?.resourceId.toUpperCase() ?? '',
    resultDescription: '',
    resultSignature: 'OK',
    resultType: 'Success',
    service: work.service,
    time: new Date(work.now).toISOString(),
    ...(vault === undefined ? {} : { vaultId: vault.vaultId }),
  };
}
