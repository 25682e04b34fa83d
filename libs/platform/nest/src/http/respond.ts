import { isCofferError, CofferError } from '@coffer/kernel';
import { toErrorResponse, type PublicHost, type Reply } from '@coffer/wire';
import type { FastifyReply } from 'fastify';
import type { Exchange } from './exchange.js';
import type { HttpPorts } from './ports.js';
import { sendEvents } from './send-events.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Of every answer. */
const common = {
  'cache-control': 'no-cache',
  pragma: 'no-cache',
  expires: '-1',
  'strict-transport-security': 'max-age=31536000;includeSubDomains',
  'x-content-type-options': 'nosniff',
};

/** Version that `x-ms-keyvault-service-version` names: the shape of Azure's, the number of ours. */
const SERVICE_VERSION = '1.9.0.1';
const CLIENT_REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** Answers with what the handler made. */
export function respond(reply: FastifyReply, exchange: Exchange, status: number, result: Reply): FastifyReply {
  reply.code(status).headers(headersOf(exchange));
  if (result.headers !== undefined) reply.headers(result.headers);
  if (result.events !== undefined) return sendEvents(reply, result.events);
  if (result.bytes !== undefined) return reply.header('content-type', result.bytes.type).send(result.bytes.content);
  if (result.body === undefined) return reply.send();
  return reply.header('content-type', JSON_TYPE).send(JSON.stringify(result.body));
}

/**
 * Answers a request that failed, after its audit record is durable; when that cannot be had, the answer is 503. Faults of
 * ours go to the operator's log.
 */
export async function respondError(
  reply: FastifyReply,
  exchange: Exchange,
  thrown: unknown,
  ports: HttpPorts,
): Promise<FastifyReply> {
  const { host } = exchange.target;
  let error = toCofferError(thrown);
  if (toErrorResponse(error, host).status >= 500) ports.log.fault(thrown, exchange);
  if (!exchange.recorded) {
    exchange.failure = error.message;
    try {
      await exchange.mounted.audit.record(exchange.row(toErrorResponse(error, host).status));
    } catch (fault) {
      ports.log.fault(fault, exchange);
      error = unrecordable(fault);
    }
  }
  return sendError(reply.headers(headersOf(exchange)), error, host);
}

/** The body of an error; for answers that belong to no exchange, too. */
export function sendError(reply: FastifyReply, thrown: unknown, host: PublicHost): FastifyReply {
  const { status, headers, body } = toErrorResponse(toCofferError(thrown), host);
  return reply
    .code(status)
    .headers(common)
    .headers(headers)
    .header('content-type', JSON_TYPE)
    .send(JSON.stringify(body));
}

/** The request cannot be answered, because what it did cannot be proven. */
export function unrecordable(cause: unknown): CofferError {
  if (isCofferError(cause, 'ServiceUnavailable') || isCofferError(cause, 'Throttled')) return cause;
  return new CofferError(
    'ServiceUnavailable',
    'The audit record of the request could not be written. Please retry.',
    { retryAfterSeconds: 1 },
    { cause },
  );
}

function headersOf({ target, requestId, request, region }: Exchange): Record<string, string> {
  const clientId = request.headers['x-ms-client-request-id'];
  const echo =
    typeof clientId === 'string' && CLIENT_REQUEST_ID.test(clientId)
      ? { 'x-ms-client-request-id': clientId }
      : undefined;
  if (target.host !== 'vault') {
    return { ...common, 'x-ms-request-id': requestId, 'x-ms-correlation-request-id': requestId, ...echo };
  }
  return {
    ...common,
    'x-ms-keyvault-region': region,
    'x-ms-request-id': requestId,
    'x-ms-keyvault-service-version': SERVICE_VERSION,
    'x-ms-keyvault-network-info': networkInfo(request.raw.socket.remoteAddress ?? ''),
    ...echo,
  };
}

/** The caller's address as the service saw it, in Azure's form (azure-api 0.2). */
function networkInfo(address: string): string {
  const v4 = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return v4.includes(':')
    ? `conn_type=Ipv6;addr=${v4};act_addr_fam=InterNetworkV6;`
    : `conn_type=Ipv4;addr=${v4};act_addr_fam=InterNetwork;`;
}

/** Fastify's own errors in our words; anything unknown stays unknown and becomes a 500 that tells nothing. */
function toCofferError(error: unknown): CofferError {
  if (isCofferError(error)) return error;
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new CofferError('BodyTooLarge', 'The request body is too large.', {}, { cause: error });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'ECONNRESET':
      return new CofferError('BadParameter', 'The request body is incomplete.', {}, { cause: error });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new CofferError(
        'UnsupportedMediaType',
        'The content type of the request is not valid.',
        {},
        { cause: error },
      );
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new CofferError('BadParameter', 'The request URI is not valid.', {}, { cause: error });
    default:
      return new CofferError('Internal', 'An internal error has occurred.', {}, { cause: error });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
