/** What takes records into the log, without what serves it. */
export { AuditLog } from './application/audit-log.js';
export { TreeKeeper } from './application/tree-keeper.js';
