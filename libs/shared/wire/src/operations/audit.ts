import type { OperationTable } from '../operation.js';

/** The audit log's query surface on the `audit.` host. */
export const auditOperations = {
  AuditRecordList: {
    method: 'GET',
    host: 'audit',
    paths: ['/records'],
    access: { plane: 'audit', action: 'Coffer.Audit/records/read' },
    status: 200,
    body: 'none',
  },
  AuditRecordStream: {
    method: 'GET',
    host: 'audit',
    paths: ['/stream'],
    access: { plane: 'audit', action: 'Coffer.Audit/records/read' },
    status: 200,
    body: 'none',
  },
} as const satisfies OperationTable;

const read = { plane: 'audit', action: 'Coffer.Audit/records/read' } as const;
const get = { method: 'GET', host: 'audit', access: read, status: 200, body: 'none' } as const;

/**
 * The verifiable log (C2SP tlog-tiles below the host's root; RFC 6962 proofs). Not for strangers: entries tell how much each
 * vault is used.
 */
export const auditTreeOperations = {
  AuditCheckpointGet: { ...get, paths: ['/checkpoint'] },
  AuditTileGet: { ...get, paths: ['/tile/*'] },
  AuditInclusionProofGet: { ...get, paths: ['/proofs/inclusion'] },
  AuditConsistencyProofGet: { ...get, paths: ['/proofs/consistency'] },
  AuditVerifierKeyGet: { ...get, paths: ['/verifier-key'] },
} as const satisfies OperationTable;
