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
} as const satisfies OperationTable;
