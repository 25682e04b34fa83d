export { AuditModule } from './audit.module.js';
export { AuditController } from './http/audit-controller.js';
export * from './ingestion.js';
export type { AuditPorts, ParkedMessage } from './application/ports.js';
export { auditMigrations } from './migrations.js';
export { TreeController } from './http/tree-controller.js';
export { TamperedLogError } from './application/publish-head.js';
