export { AuditModule } from './audit.module.js';
export { AuditController } from './http/audit-controller.js';
export { AuditLog } from './application/audit-log.js';
export type { AuditPorts, ParkedMessage } from './application/ports.js';
export { auditMigrations } from './migrations.js';
