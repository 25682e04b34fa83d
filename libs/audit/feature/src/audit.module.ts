import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
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
        ...readers(ports),
        { provide: AuditLog, useFactory: () => new AuditLog(ports) },
        { provide: TreeKeeper, useFactory: () => new TreeKeeper(ports, ports.signer) },
      ],
      exports: [AuditLog, AuditController, TreeController],
    };
  }

  /** The query surface alone: somebody else takes the records and keeps the tree. */
  static forReaders(ports: ReaderPorts): DynamicModule {
    return { module: AuditModule, providers: readers(ports), exports: [AuditController, TreeController] };
  }
}

type ReaderPorts = Pick<AuditPorts, 'database' | 'pager' | 'clock' | 'signer'>;

function readers(ports: ReaderPorts): FactoryProvider[] {
  return [
    { provide: AuditController, useFactory: () => new AuditController(ports) },
    { provide: TreeController, useFactory: () => new TreeController(ports, ports.signer) },
  ];
}
