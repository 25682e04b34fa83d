import { newId } from '@coffer/kernel';
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
  const recordId = newId();
  return {
    describe: (facts) => {
      uri = facts.id ?? uri;
      properties = { ...properties, ...facts.properties };
    },
    row: (status) => ({
      recordId,
      body: recordOf(work, recordId, { id: uri, httpStatusCode: status, ...properties }),
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
    recordId,
    time: new Date(work.now).toISOString(),
    category: 'AuditEvent',
    resourceId: vault?.resourceId.toUpperCase() ?? '',
    ...(vault === undefined ? {} : { vaultId: vault.vaultId }),
    operationName: work.operation,
    operationVersion: work.apiVersion ?? '',
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: '',
    durationMs: '0',
    callerIpAddress: '',
    correlationId: work.correlationId,
    identity: { claim: { [OBJECT_ID_CLAIM]: work.oid } },
    properties: { clientInfo: '', requestUri: '', ...facts },
    service: work.service,
    region: work.region,
    decision: 'none',
    policyRevision: '',
    decisionReason: work.reason,
  };
}
