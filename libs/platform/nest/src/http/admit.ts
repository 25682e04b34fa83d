import type { TokenAudience } from '@coffer/contracts';
import { CofferError } from '@coffer/kernel';
import {
  accessPolicyDenial,
  armDenial,
  armScope,
  challengeError,
  isSince,
  parseApiVersion,
  type Access,
  type PublicHost,
  type VaultSnapshot,
} from '@coffer/wire';
import type { Exchange } from './exchange.js';
import type { HttpPorts } from './ports.js';
import { routeNotFound } from './refusals.js';

type DataAccess = Extract<Access, { plane: 'data' }>;

const audiences: Readonly<Record<PublicHost, TokenAudience>> = {
  vault: 'vault',
  management: 'management',
  audit: 'audit',
  login: 'graph',
};

/**
 * Who is it, and may they (403 is decided here): token, api-version, authorization, in this order and before a byte of
 * the body is looked at. Fills in the exchange; throws Unauthenticated, ApiVersionMissing, ApiVersionInvalid, RouteNotFound
 * (an operation that the version does not have), AccessDenied, AuthorizationFailed, ServiceUnavailable.
 */
export async function admit(exchange: Exchange, ports: HttpPorts): Promise<void> {
  const { host } = exchange.target;
  const { access, since } = exchange.mounted.operation;
  exchange.query = singleValues(host, exchange.request.query);
  if (access.plane !== 'anonymous') await authenticate(exchange, ports);
  exchange.admit(exchange.principal, apiVersionOf(host, exchange.query['api-version']));
  if (since !== undefined && !isSince(since, exchange.apiVersion)) throw routeNotFound();
  switch (access.plane) {
    case 'anonymous':
    case 'signed-in':
      return;
    case 'data':
      return enterVault(exchange, access, ports);
    case 'control':
    case 'audit':
      return authorizeAction(exchange, access.action, ports);
  }
}

/** Sets the caller. Throws Unauthenticated with the host's challenge. */
export async function authenticate(exchange: Exchange, ports: HttpPorts): Promise<void> {
  const { host } = exchange.target;
  const token = bearerToken(exchange.request.headers.authorization);
  const endpoints = { authority: ports.authority, vaultResource: ports.hosts.vaultResource };
  if (token === undefined) throw challengeError(host, endpoints);
  try {
    exchange.principal = await ports.tokens.verify(token, audiences[host]);
  } catch (error) {
    // Every 401 carries the challenge: a client whose token has expired asks again there.
    if (!(error instanceof CofferError) || error.code !== 'Unauthenticated') throw error;
    throw challengeError(host, endpoints, error.message);
  }
}

/** A vault that does not exist, is deleted, or shuts the caller out: one and the same answer. */
async function enterVault(exchange: Exchange, access: DataAccess, ports: HttpPorts): Promise<void> {
  const { target, principal } = exchange;
  const name = target.host === 'vault' ? target.vaultName : '';
  const vault = await ports.directory?.byName(name);
  if (isAllowed(exchange, access, vault, ports)) return;
  // What gives somebody access may have been acknowledged before this process has heard of it (architecture, rule 9).
  const now = await ports.directory?.confirm?.(name, principal.oid);
  if (now !== undefined && now !== 'limited' && isAllowed(exchange, access, now, ports)) return;
  exchange.decision ??= { effect: 'deny', reason: 'VaultNotFound', revision: '' };
  throw accessPolicyDenial(principal, access, name, ports.region);
}

/** Enters the vault, if it is an active one, and notes the decision. */
function isAllowed(
  exchange: Exchange,
  access: DataAccess,
  vault: VaultSnapshot | undefined,
  ports: HttpPorts,
): boolean {
  if (vault?.state !== 'active') return false;
  exchange.enter(vault);
  exchange.decision = ports.authorizer.inVault(exchange.principal, access, vault);
  return exchange.decision.effect === 'allow';
}

async function authorizeAction(exchange: Exchange, action: string, ports: HttpPorts): Promise<void> {
  const scope = armScope(exchange.params);
  const { principal } = exchange;
  exchange.decision =
    principal.tid.toLowerCase() === ports.tenantId.toLowerCase()
      ? await ports.authorizer.atScope(principal, action, scope)
      : { effect: 'deny', reason: 'ForeignTenant', revision: '' };
  if (exchange.decision.effect !== 'allow') throw armDenial(principal, action, scope);
}

/** RFC 6750 §2.1; the scheme compares case-insensitively. */
function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header.length < 8) return undefined;
  const scheme = header.slice(0, 7);
  if (scheme !== 'Bearer ' && scheme.toLowerCase() !== 'bearer ') return undefined;
  const token = header.slice(7).trim();
  return token === '' ? undefined : token;
}

/** Coffer's own hosts have one version of their interface, so there it may be left out. */
function apiVersionOf(host: PublicHost, value: string | undefined): string {
  const optional = host === 'login' || host === 'audit';
  return optional && value === undefined ? '' : parseApiVersion(host, value);
}

type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Query parameters; a repeated one would let two readers see two requests. Throws BadParameter. */
function singleValues(host: PublicHost, query: unknown): Readonly<Record<string, string | undefined>> {
  const given = query as Query;
  const values = host === 'vault' ? inLowerCase(given) : given;
  for (const name in values) {
    if (typeof values[name] !== 'string') {
      throw new CofferError(
        'BadParameter',
        `The query parameter ${name.slice(0, 40).replace(/[^\w$-]/g, '?')} is repeated.`,
      );
    }
  }
  return values as Readonly<Record<string, string>>;
}

/** All names of a vault's parameters are in lower case, and Azure takes them in any. */
function inLowerCase(query: Query): Query {
  const names = Object.keys(query);
  if (names.every((name) => name === name.toLowerCase())) return query;
  const found = new Map<string, string | string[] | undefined>();
  for (const name of names) {
    const lower = name.toLowerCase();
    found.set(lower, found.has(lower) ? [] : query[name]);
  }
  return Object.fromEntries(found);
}
