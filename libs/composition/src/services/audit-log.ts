import { AuditController, AuditModule, auditMigrations } from '@coffer/audit-feature';
import { surface } from '@coffer/nest';
import { auditOperations } from '@coffer/wire';
import { openService } from '../service.js';
import { readiness, type ComposedService, type ServiceContext } from './context.js';

export const AUDIT_LOG = 'audit-log';

/** The sequenced log of audit records, and its queries. Reading it leaves records, too. */
export async function composeAuditLog(context: ServiceContext): Promise<ComposedService> {
  const core = await openService({ ...context, name: AUDIT_LOG, migrations: [auditMigrations], projections: [] });
  const { clock, feed } = context;
  const log = context.log.child({ service: AUDIT_LOG });
  const onParked = (parked: object) => {
    log.error(parked, 'a message on the audit topic is no audit record and was set aside');
  };
  return {
    core,
    // The module takes records from the feed from the container's bootstrap on.
    modules: [AuditModule.for({ ...core, clock, feed, onParked })],
    surfaces: (container) => [surface(AUDIT_LOG, auditOperations, container.get(AuditController).handlers, core.audit)],
    startConsumers: () => Promise.resolve(),
    ready: readiness(core),
    close: () => core.close(),
  };
}
