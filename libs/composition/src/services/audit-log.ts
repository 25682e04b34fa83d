import type { KeyObject } from 'node:crypto';
import { AuditController, AuditModule, auditMigrations, TreeController } from '@coffer/audit-feature';
import { surface } from '@coffer/nest';
import { auditOperations, auditTreeOperations } from '@coffer/wire';
import { auditAlarms } from '../audit-ingestion.js';
import { auditKey } from '../audit-key.js';
import { openService, orClose } from '../service.js';
import { readiness, type ComposedService, type ServiceContext } from './context.js';

export const AUDIT_LOG = 'audit-log';

export interface AuditLogService extends ComposedService {
  /** Signs tree heads. */
  readonly signer: { readonly name: string; readonly key: KeyObject };
}

/** The sequenced log of audit records, the tree over it, and its queries. Reading it leaves records, too. */
export async function composeAuditLog(
  context: ServiceContext & { readonly auditKeyFile: string },
): Promise<AuditLogService> {
  const core = await openService({ ...context, name: AUDIT_LOG, migrations: [auditMigrations], projections: [] });
  const { clock, feed } = context;
  const log = context.log.child({ service: AUDIT_LOG });
  const onParked = (parked: object) => {
    log.error(parked, auditAlarms.parked);
  };
  const onTreeFault = (err: unknown) => {
    log.error({ err }, auditAlarms.treeFault);
  };
  const key = await orClose(core, () => auditKey(context.auditKeyFile));
  const signer = { name: new URL(context.hosts.url('audit')).hostname, key };
  const mayWait = context.auditMayWait === undefined ? {} : { treeMayWait: context.auditMayWait };
  const ports = { ...core, clock, feed, onParked, onTreeFault, signer, ...mayWait };
  return {
    core,
    signer,
    // The module takes records from the feed, and keeps the tree, from the container's bootstrap on; unless a thread does.
    modules: [context.auditTaker === undefined ? AuditModule.for(ports) : AuditModule.forReaders(ports)],
    surfaces: (container) => [
      surface(AUDIT_LOG, auditOperations, container.get(AuditController).handlers, core.audit),
      surface(AUDIT_LOG, auditTreeOperations, container.get(TreeController).handlers, core.audit),
    ],
    startConsumers: () => Promise.resolve(),
    ready: readiness(core),
    close: () => core.close(),
  };
}
