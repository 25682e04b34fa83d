import { STATUS_CODES, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { OBJECT_ID_CLAIM, type AuditRecord, type VaultSnapshot } from '@coffer/wire';
import type { Exchange } from './exchange.js';

/** Longest text of a caller's making that a record repeats, in UTF-16 code units. */
const MAX_TEXT = 1024;

const resourceIds = new WeakMap<VaultSnapshot, string>();

/**
 * The `AuditEvent` of a request (azure-api e.2). `durationMs`: whole milliseconds. Values, plaintexts and tokens have no way in.
 * Members are in canonical order (RFC 8785), which spares the audit log the sorting.
 */
export function auditRecord(exchange: Exchange, recordId: string, status: number, durationMs: number): AuditRecord {
  const { request, mounted, vaultOrNone: vault, decision } = exchange;
  const success = status < 400;
  return {
    callerIpAddress: addressOf(request.raw, exchange.behindEdge),
    category: 'AuditEvent',
    correlationId: exchange.requestId,
    decision: decision?.effect ?? 'none',
    decisionReason: decision?.reason ?? '',
    durationMs: String(Math.max(0, durationMs)),
    identity: { claim: claims(exchange) },
    // Azure's name for a request that was refused before it became an operation.
    operationName: status === 401 ? 'Authentication' : mounted.name,
    operationVersion: exchange.apiVersion,
    policyRevision: decision?.revision ?? '',
    properties: {
      // What operations add comes before the rest by its name, too, in all but a few.
      ...recordable(exchange.properties),
      clientInfo: bounded(request.headers['user-agent'] ?? ''),
      ...clientRequestId(request.headers['x-ms-client-request-id']),
      httpStatusCode: status,
      id: bounded(exchange.objectId ?? `${exchange.baseUrl}${pathOf(request.originalUrl)}`),
      requestUri: bounded(`${exchange.baseUrl}${request.originalUrl}`),
      tlsVersion: tlsVersionOf(request.raw, exchange.behindEdge),
    },
    recordId,
    region: exchange.region,
    resourceId: vault === undefined ? '' : resourceIdOf(vault),
    resultDescription: success ? '' : bounded(exchange.failure),
    resultSignature: STATUS_CODES[status] ?? '',
    resultType: success ? 'Success' : 'Failure',
    service: mounted.service,
    time: new Date(exchange.now).toISOString(),
    ...(vault === undefined ? {} : { vaultId: vault.vaultId }),
  };
}

function claims({ principal }: Exchange): Readonly<Record<string, string>> {
  if (principal.oid === '') return {};
  const claim = { [OBJECT_ID_CLAIM]: bounded(principal.oid), iss: bounded(principal.issuer) };
  return principal.appid === undefined ? claim : { appid: bounded(principal.appid), ...claim };
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

/** What an operation says of itself, some of it in its caller's words. */
function recordable(properties: Exchange['properties']): Exchange['properties'] {
  if (properties === undefined) return undefined;
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'string' ? bounded(value) : value]));
}

/** Lone surrogates have no canonical form (RFC 8785), so they must not get in. */
function bounded(text: string): string {
  const short = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
  return short.isWellFormed() ? short : short.toWellFormed();
}
