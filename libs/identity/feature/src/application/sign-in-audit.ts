import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { AuditRow } from '@coffer/event-sourcing';
import { CofferError, isCofferError, newId } from '@coffer/kernel';
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
  const recordId = newId();
  const uri = `${ports.loginUrl}${printable(signIn.path)}`;
  const body: AuditRecord = {
    recordId,
    time: new Date(now).toISOString(),
    category: 'AuditEvent',
    resourceId: '',
    operationName: 'Authentication',
    operationVersion: '',
    resultType: status < 400 ? 'Success' : 'Failure',
    resultSignature: STATUS_CODES[status] ?? '',
    resultDescription: error ?? '',
    durationMs: String(Math.max(0, Math.round(ports.clock.now() - now))),
    callerIpAddress: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    correlationId: signIn.correlationId,
    identity: {
      claim: {
        ...(objectId === undefined ? {} : { [OBJECT_ID_CLAIM]: objectId }),
        ...(clientId === undefined ? {} : { appid: printable(clientId) }),
      },
    },
    properties: {
      clientInfo: printable(request.headers['user-agent'] ?? ''),
      requestUri: uri,
      id: uri,
      httpStatusCode: status,
      ...(resource === undefined ? {} : { resource: printable(resource) }),
    },
    service: 'identity',
    region: ports.region,
    decision: status < 400 ? 'allow' : 'deny',
    policyRevision: '',
    decisionReason: error ?? 'ClientSecret',
  };
  return { recordId, body };
}

function printable(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[^ -~]/g, '?');
}
