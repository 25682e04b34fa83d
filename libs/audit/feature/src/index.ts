export { AuditModule } from './audit.module.js';
export { AuditController } from './http/audit-controller.js';
export { AuditLog } from './application/audit-log.js';
export type { AuditPorts, ParkedMessage } from './application/ports.js';
export { auditMigrations } from './migrations.js';
export { TreeController } from './http/tree-controller.js';
export { TreeKeeper } from './application/tree-keeper.js';
export { TamperedLogError } from './application/publish-head.js';
