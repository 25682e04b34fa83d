import type { AuditSink } from '@coffer/contracts';
import type { HandlersOf, Operation, OperationTable, Reply, VaultRequestContext } from '@coffer/wire';

/** A handler as the pipeline calls it; `VaultRequestContext` is what vault hosts need, other hosts get no `vault`. */
export type Handler = (context: VaultRequestContext, body: unknown) => Promise<Reply>;

/** One row of a service's table with what answers it. */
export interface MountedOperation {
  readonly name: string;
  readonly operation: Operation;
  readonly handler: Handler;
  /** Named in audit records. */
  readonly service: string;
  /** Where records of requests go that append no events: the service's own database. */
  readonly audit: AuditSink;
}

/** The public surface of one service. */
export type Surface = readonly MountedOperation[];

/** Puts a table and its handlers together; that every row has a handler of the right kind is the compiler's to check. */
export function surface<T extends OperationTable>(
  service: string,
  operations: T,
  handlers: HandlersOf<T>,
  audit: AuditSink,
): Surface {
  return Object.entries(operations).map(([name, operation]) => {
    const handler = handlers[name] as Handler;
    return { name, operation, handler, service, audit };
  });
}
