import { Module, type DynamicModule } from '@nestjs/common';
import { AuditLog } from './application/audit-log.js';
import type { AuditPorts } from './application/ports.js';
import { AuditController } from './http/audit-controller.js';

/** The audit log service: ingestion from the feed and the query surface. */
@Module({})
export class AuditModule {
  static for(ports: AuditPorts): DynamicModule {
    return {
      module: AuditModule,
      providers: [
        { provide: AuditLog, useFactory: () => new AuditLog(ports) },
        { provide: AuditController, useFactory: () => new AuditController(ports) },
      ],
      exports: [AuditLog, AuditController],
    };
  }
}
