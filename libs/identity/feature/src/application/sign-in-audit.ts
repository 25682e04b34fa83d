import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { AuditRow } from '@coffer/event-sourcing';
import { CofferError, isCofferError, newOrderedId } from '@coffer/kernel';
import { OBJECT_ID_CLAIM, type AuditRecord } from '@coffer/wire';
import type { IdentityPorts } from './ports.js';

/** What is known of a sign-in when it is answered; never a secret, assertion or token. */
export interface SignIn {
  readonly request: IncomingMessage;
  /** Milliseconds since the epoch at arrival. */
  readonly now: number;
  readonly correlationId: string;
  readonly path: string;
  readonly status: number;
  /** As the caller gave it. */
  readonly clientId: string | undefined;
  /** Object id of the principal that was recognised. */
  readonly objectId: string | undefined;
  readonly resource: string | undefined;
  /** Error code of a refusal. */
  readonly error: string | undefined;
}

const MAX_TEXT = 300;

/** Records a sign-in attempt before it is answered. Throws ServiceUnavailable or Throttled, whatever the fault: refuse it then. */
export async function recordSignIn(
  ports: Pick<IdentityPorts, 'audit' | 'clock' | 'loginUrl' | 'region'>,
  signIn: SignIn,
): Promise<void> {
  try {
    await ports.audit.record(signInRow(ports, signIn));
  } catch (fault) {
    if (isCofferError(fault, 'ServiceUnavailable') || isCofferError(fault, 'Throttled')) throw fault;
    throw new CofferError('ServiceUnavailable', 'The sign-in cannot be recorded.', {}, { cause: fault });
  }
}

/** The audit record of a sign-in attempt (operationName `Authentication`, azure-api e.2). */
export function signInRow(ports: Pick<IdentityPorts, 'clock' | 'loginUrl' | 'region'>, signIn: SignIn): AuditRow {
  const { request, now, status, clientId, objectId, resource, error } = signIn;
  const recordId = newOrderedId(now);
  const uri = `${ports.loginUrl}${printable(signIn.path)}`;
  const body: AuditRecord = {
    callerIpAddress: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    category: 'AuditEvent',
    correlationId: signIn.correlationId,
    decision: status < 400 ? 'allow' : 'deny',
    decisionReason: error ?? 'ClientSecret',
    durationMs: String(Math.max(0, Math.round(ports.clock.now() - now))),
    identity: {
      claim: {
        ...(clientId === undefined ? {} : { appid: printable(clientId) }),
        ...(objectId === undefined ? {} : { [OBJECT_ID_CLAIM]: objectId }),
      },
    },
    operationName: 'Authentication',
    operationVersion: '',
    policyRevision: '',
    properties: {
      clientInfo: printable(request.headers['user-agent'] ?? ''),
      httpStatusCode: status,
      id: uri,
      requestUri: uri,
      ...(resource === undefined ? {} : { resource: printable(resource) }),
    },
    recordId,
    region: ports.region,
    resourceId: '',
    resultDescription: error ?? '',
    resultSignature: STATUS_CODES[status] ?? '',
    resultType: status < 400 ? 'Success' : 'Failure',
    service: 'identity',
    time: new Date(now).toISOString(),
  };
  return { recordId, body };
}

function printable(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[^ -~]/g, '?');
}
