import { STATUS_CODES } from 'node:http';
import type { AuditSink } from '@coffer/contracts';
import type { Refusal } from '@coffer/grpc';
import { newId, type Clock } from '@coffer/kernel';
import type { Logger } from '@coffer/nest';
import { OBJECT_ID_CLAIM, RateLimit, type AuditRecord } from '@coffer/wire';

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

/**
 * Leaves an audit record of each call between services that was refused; of one peer no more than it can make sense of.
 * Resolves when the record is durable, or cannot be written: the call is refused either way.
 */
export function auditRefusal(options: RefusalAuditOptions): (refusal: Refusal) => Promise<void> {
  const { name, audit, clock, region, log } = options;
  const limit = new RateLimit(clock);
  return async (refusal) => {
    if (!limit.take(`${refusal.peer} ${refusal.address}`)) return;
    log.warn({ ...refusal }, 'a call between services was refused');
    const recordId = newId();
    try {
      await audit.record({ recordId, body: recordOf(refusal, { recordId, name, region, now: clock.now() }) });
    } catch (err) {
      log.error({ err }, 'the audit record of a refused call could not be written');
    }
  };
}

interface Facts {
  readonly recordId: string;
  readonly name: string;
  readonly region: string;
  readonly now: number;
}

/** Why, in a word and in a sentence; and what HTTP calls it. */
function reasonOf({ peer, listed }: Refusal) {
  if (peer === '') return { word: 'NoCertificate', text: 'No certificate of this installation.', status: UNAUTHORIZED };
  return listed
    ? { word: 'NotForCaller', text: 'The method does not do this for the caller.', status: FORBIDDEN }
    : { word: 'CallerNotListed', text: 'The caller is not listed for the method.', status: FORBIDDEN };
}

function recordOf(refusal: Refusal, { recordId, name, region, now }: Facts): AuditRecord {
  const { method, peer, address } = refusal;
  const reason = reasonOf(refusal);
  return {
    recordId,
    time: new Date(now).toISOString(),
    category: 'AuditEvent',
    resourceId: '',
    operationName: peer === '' ? 'Authentication' : 'InternalCall',
    operationVersion: '',
    resultType: 'Failure',
    resultSignature: STATUS_CODES[reason.status] ?? '',
    resultDescription: reason.text,
    durationMs: '0',
    callerIpAddress: address,
    correlationId: newId(),
    identity: {
      claim: peer === '' ? {} : { [OBJECT_ID_CLAIM]: `service:${peer}` },
    },
    properties: { clientInfo: '', requestUri: method, id: method, httpStatusCode: reason.status },
    service: name,
    region,
    decision: 'deny',
    policyRevision: '',
    decisionReason: reason.word,
  };
}
