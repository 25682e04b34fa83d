import type { AuditSink } from '@coffer/contracts';
import type { Refusal } from '@coffer/grpc';
import { newId, type Clock } from '@coffer/kernel';
import type { Logger } from '@coffer/nest';
import { RateLimit, type AuditRecord } from '@coffer/wire';

export interface RefusalAuditOptions {
  /** The service that refused. */
  readonly name: string;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly region: string;
  readonly log: Logger;
}

const FORBIDDEN = 403;
const UNAUTHORIZED = 401;

/** Leaves an audit record of each call between services that was refused; of one peer no more than it can make sense of. */
export function auditRefusal({ name, audit, clock, region, log }: RefusalAuditOptions): (refusal: Refusal) => void {
  const limit = new RateLimit(clock);
  return (refusal) => {
    log.warn({ ...refusal }, 'a call between services was refused');
    if (!limit.take(`${refusal.peer} ${refusal.address}`)) return;
    const recordId = newId();
    audit
      .record({ recordId, body: recordOf(refusal, { recordId, name, region, now: clock.now() }) })
      .catch((err: unknown) => {
        log.error({ err }, 'the audit record of a refused call could not be written');
      });
  };
}

interface Facts {
  readonly recordId: string;
  readonly name: string;
  readonly region: string;
  readonly now: number;
}

function recordOf({ method, peer, address }: Refusal, { recordId, name, region, now }: Facts): AuditRecord {
  const unknown = peer === '';
  return {
    recordId,
    time: new Date(now).toISOString(),
    category: 'AuditEvent',
    resourceId: '',
    operationName: unknown ? 'Authentication' : 'InternalCall',
    operationVersion: '',
    resultType: 'Failure',
    resultSignature: unknown ? 'Unauthorized' : 'Forbidden',
    resultDescription: unknown ? 'No certificate of this installation.' : 'The caller is not listed for the method.',
    durationMs: '0',
    callerIpAddress: address.replace(/:\d+$/, ''),
    correlationId: newId(),
    identity: {
      claim: unknown ? {} : { 'http://schemas.microsoft.com/identity/claims/objectidentifier': `service:${peer}` },
    },
    properties: { clientInfo: '', requestUri: method, id: method, httpStatusCode: unknown ? UNAUTHORIZED : FORBIDDEN },
    service: name,
    region,
    decision: 'deny',
    policyRevision: '',
    decisionReason: unknown ? 'NoCertificate' : 'CallerNotListed',
  };
}
