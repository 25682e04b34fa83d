import { Module, type DynamicModule } from '@nestjs/common';
import { AuditLog } from './application/audit-log.js';
import type { AuditPorts } from './application/ports.js';
import { TreeKeeper } from './application/tree-keeper.js';
import { AuditController } from './http/audit-controller.js';
import { TreeController } from './http/tree-controller.js';

/** The audit log service: ingestion from the feed and the query surface. */
@Module({})
export class AuditModule {
  static for(ports: AuditPorts): DynamicModule {
    return {
      module: AuditModule,
      providers: [
        { provide: AuditLog, useFactory: () => new AuditLog(ports) },
        { provide: AuditController, useFactory: () => new AuditController(ports) },
        { provide: TreeKeeper, useFactory: () => new TreeKeeper(ports, ports.signer) },
        { provide: TreeController, useFactory: () => new TreeController(ports, ports.signer) },
      ],
      exports: [AuditLog, AuditController, TreeController],
    };
  }
}
