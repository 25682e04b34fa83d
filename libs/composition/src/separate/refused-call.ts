import { STATUS_CODES } from 'node:http';
import type { AuditSink } from '@coffer/contracts';
import type { Refusal } from '@coffer/grpc';
import { newId, newOrderedId, type Clock } from '@coffer/kernel';
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
    const now = clock.now();
    const recordId = newOrderedId(now);
    try {
      await audit.record({ recordId, body: recordOf(refusal, { recordId, name, region, now }) });
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
    callerIpAddress: address,
    category: 'AuditEvent',
    correlationId: newId(),
    decision: 'deny',
    decisionReason: reason.word,
    durationMs: '0',
    identity: {
      claim: peer === '' ? {} : { [OBJECT_ID_CLAIM]: `service:${peer}` },
    },
    operationName: peer === '' ? 'Authentication' : 'InternalCall',
    operationVersion: '',
    policyRevision: '',
    properties: { clientInfo: '', httpStatusCode: reason.status, id: method, requestUri: method },
    recordId,
    region,
    resourceId: '',
    resultDescription: reason.text,
    resultSignature: STATUS_CODES[reason.status] ?? '',
    resultType: 'Failure',
    service: name,
    time: new Date(now).toISOString(),
  };
}
