import type { AuditSink } from '@coffer/contracts';
import { newId, type Clock } from '@coffer/kernel';
import {
  systemAudit,
  type HandlersOf,
  type OperationTable,
  type Principal,
  type Reply,
  type RequestContext,
} from '@coffer/wire';

export interface SystemCall {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface SystemCaller {
  readonly service: string;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly region: string;
  readonly tenantId: string;
  readonly baseUrl: string;
}

/** Who acts when an installation sets itself up. */
const SYSTEM = 'system:first-start';
const API_VERSION = '2023-07-01';

/**
 * Calls an operation's handler as the installation itself, at its first start: the same code, events and audit record as
 * a request's, without HTTP.
 */
export async function callAsSystem<T extends OperationTable>(
  caller: SystemCaller,
  handlers: HandlersOf<T>,
  operation: keyof T & string,
  call: SystemCall,
): Promise<Reply> {
  const context = systemContext(caller, operation, call);
  const handler = handlers[operation] as (context: RequestContext, body: unknown) => Promise<Reply>;
  const reply = await handler(context, call.body);
  if (!context.audit.recorded()) await caller.audit.record(context.audit.row(reply.status ?? 200));
  return reply;
}

function systemContext(
  { service, clock, region, tenantId, baseUrl }: SystemCaller,
  operation: string,
  { params }: SystemCall,
) {
  const requestId = newId();
  const now = clock.now();
  const principal: Principal = { oid: SYSTEM, tid: tenantId, groups: [], issuer: '', onBehalfOf: false };
  const audit = systemAudit({
    operation,
    service,
    region,
    uri: baseUrl,
    oid: SYSTEM,
    reason: 'FirstStart',
    apiVersion: API_VERSION,
    correlationId: requestId,
    now,
  });
  return {
    operation,
    requestId,
    apiVersion: API_VERSION,
    region,
    now,
    principal,
    baseUrl,
    params,
    query: {},
    meta: { actor: { oid: SYSTEM, tid: tenantId }, correlationId: requestId, apiVersion: API_VERSION, region },
    audit,
  } satisfies RequestContext;
}
