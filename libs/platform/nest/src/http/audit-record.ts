import { STATUS_CODES, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { OBJECT_ID_CLAIM, type AuditRecord, type VaultSnapshot } from '@coffer/wire';
import type { Exchange } from './exchange.js';

/** Longest text of a caller's making that a record repeats, in UTF-16 code units. */
const MAX_TEXT = 1024;

const resourceIds = new WeakMap<VaultSnapshot, string>();

/** The `AuditEvent` of a request (azure-api e.2). `durationMs`: whole milliseconds. Values, plaintexts and tokens have no way in. */
export function auditRecord(exchange: Exchange, recordId: string, status: number, durationMs: number): AuditRecord {
  const { request, mounted, vaultOrNone: vault, decision } = exchange;
  const success = status < 400;
  return {
    recordId,
    time: new Date(exchange.now).toISOString(),
    category: 'AuditEvent',
    resourceId: vault === undefined ? '' : resourceIdOf(vault),
    ...(vault === undefined ? {} : { vaultId: vault.vaultId }),
    // Azure's name for a request that was refused before it became an operation.
    operationName: status === 401 ? 'Authentication' : mounted.name,
    operationVersion: exchange.apiVersion,
    resultType: success ? 'Success' : 'Failure',
    resultSignature: STATUS_CODES[status] ?? '',
    resultDescription: success ? '' : bounded(exchange.failure),
    durationMs: String(Math.max(0, durationMs)),
    callerIpAddress: addressOf(request.raw, exchange.behindEdge),
    correlationId: exchange.requestId,
    identity: { claim: claims(exchange) },
    properties: {
      clientInfo: bounded(request.headers['user-agent'] ?? ''),
      requestUri: bounded(`${exchange.baseUrl}${request.originalUrl}`),
      id: exchange.objectId ?? bounded(`${exchange.baseUrl}${pathOf(request.originalUrl)}`),
      httpStatusCode: status,
      tlsVersion: tlsVersionOf(request.raw, exchange.behindEdge),
      ...clientRequestId(request.headers['x-ms-client-request-id']),
      ...exchange.properties,
    },
    service: mounted.service,
    region: exchange.region,
    decision: decision?.effect ?? 'none',
    policyRevision: decision?.revision ?? '',
    decisionReason: decision?.reason ?? '',
  };
}

function claims({ principal }: Exchange): Readonly<Record<string, string>> {
  if (principal.oid === '') return {};
  const claim = { [OBJECT_ID_CLAIM]: principal.oid, iss: principal.issuer };
  return principal.appid === undefined ? claim : { ...claim, appid: principal.appid };
}

function resourceIdOf(vault: VaultSnapshot): string {
  let id = resourceIds.get(vault);
  if (id === undefined) resourceIds.set(vault, (id = vault.resourceId.toUpperCase()));
  return id;
}

function clientRequestId(header: string | string[] | undefined): { readonly clientRequestId?: string } {
  return typeof header === 'string' && header !== '' ? { clientRequestId: bounded(header) } : {};
}

/** Of the client. The edge, and nobody else, may say that it is another than the socket's. */
function addressOf({ socket, headers }: IncomingMessage, behindEdge: boolean): string {
  const told = behindEdge ? headers['x-forwarded-for'] : undefined;
  const address = typeof told === 'string' && isIP(told) !== 0 ? told : (socket.remoteAddress ?? '');
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

const TLS_VERSION = /^TLSv1(\.[0-3])?$/;

function tlsVersionOf({ socket, headers }: IncomingMessage, behindEdge: boolean): string {
  const told = behindEdge ? headers['x-forwarded-tls-version'] : undefined;
  if (typeof told === 'string' && TLS_VERSION.test(told)) return told;
  return socket instanceof TLSSocket ? (socket.getProtocol() ?? '') : '';
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** Lone surrogates have no canonical form (RFC 8785), so they must not get in. */
function bounded(text: string): string {
  const short = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
  return short.isWellFormed() ? short : short.toWellFormed();
}
