import type { AuditSink } from '@coffer/contracts';
import { newId, type Clock } from '@coffer/kernel';
import type { AuditRecord, HandlersOf, OperationTable, Principal, Reply, RequestContext } from '@coffer/wire';

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
  if (!context.recorded()) await caller.audit.record(context.audit.row(reply.status ?? 200));
  return reply;
}

function systemContext(caller: SystemCaller, operation: string, { params }: SystemCall) {
  const { clock, region, tenantId, baseUrl } = caller;
  const requestId = newId();
  const recordId = newId();
  const principal: Principal = { oid: SYSTEM, tid: tenantId, groups: [], issuer: '', onBehalfOf: false };
  let id = baseUrl;
  let recorded = false;
  const body = (status: number): AuditRecord => ({
    recordId,
    time: new Date(clock.now()).toISOString(),
    category: 'AuditEvent',
    resourceId: '',
    operationName: operation,
    operationVersion: API_VERSION,
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: '',
    durationMs: '0',
    callerIpAddress: '',
    correlationId: requestId,
    identity: { claim: { 'http://schemas.microsoft.com/identity/claims/objectidentifier': SYSTEM } },
    properties: { clientInfo: '', requestUri: '', id, httpStatusCode: status },
    service: caller.service,
    region,
    decision: 'none',
    policyRevision: '',
    decisionReason: 'FirstStart',
  });
  const context: RequestContext & { recorded(): boolean } = {
    operation,
    requestId,
    apiVersion: API_VERSION,
    region,
    now: clock.now(),
    principal,
    baseUrl,
    params,
    query: {},
    meta: { actor: { oid: SYSTEM, tid: tenantId }, correlationId: requestId, apiVersion: API_VERSION, region },
    audit: {
      describe: (facts) => {
        id = facts.id ?? id;
      },
      row: (status) => ({ recordId, body: body(status) }),
      committed: () => {
        recorded = true;
      },
    },
    recorded: () => recorded,
  };
  return context;
}
