import type { IncomingMessage, ServerResponse } from 'node:http';
import { newId } from '@coffer/kernel';
import type { IdentityPorts } from '../application/ports.js';
import { faultError } from '../oidc/errors.js';
import { authorities, type Issuer } from '../oidc/issuer.js';
import type { Authority } from '../oidc/types.js';
import { instanceDiscovery, webfinger } from './discovery.js';
import { managedIdentityToken, MANAGED_IDENTITY_PATH } from './managed-identity.js';
import { sendJson } from './send-json.js';
import type { ManagedIdentity } from '../application/managed-identity.js';

/** Answers everything of the login host that is in no operation table. Never rejects. */
export type LoginHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createLoginHandler(
  ports: IdentityPorts,
  issuer: Issuer,
  managedIdentity: ManagedIdentity,
): LoginHandler {
  const known = authorities(ports);
  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', ports.loginUrl);
    const path = pathname.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
    if (path.toLowerCase() === '/common/discovery/instance') {
      sendJson(response, 200, instanceDiscovery(ports, known.tenant.issuer));
    } else if (path.toLowerCase() === '/.well-known/webfinger') {
      sendJson(response, 200, webfinger(searchParams.get('resource'), ports.loginUrl));
    } else if (path.toLowerCase() === MANAGED_IDENTITY_PATH) {
      await managedIdentityToken(managedIdentity, request, response, searchParams);
    } else {
      await toProvider(ports, issuer, request, response, path);
    }
  };
  return async (request, response) => {
    try {
      await route(request, response);
    } catch (fault) {
      const { status, headers, body } = faultError(fault, newId());
      if (!response.headersSent) sendJson(response, status, body, headers);
      else response.destroy();
    }
  };
}

/** Rewrites a path of either authority to the one that the library serves, and hands the request over. */
async function toProvider(
  ports: IdentityPorts,
  issuer: Issuer,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const found = target(ports, path);
  if (found === undefined) {
    const text = 'AADSTS90002: The tenant or endpoint was not found.';
    sendJson(response, 404, { error: 'invalid_request', error_description: text, error_codes: [90002] });
    return;
  }
  const { authority, inner } = found;
  const query = request.url?.includes('?') === true ? request.url.slice(request.url.indexOf('?')) : '';
  // What the library builds its URLs from: the configured host, whatever the caller's header says.
  request.headers['x-forwarded-proto'] = 'https';
  request.headers['x-forwarded-host'] = new URL(ports.loginUrl).host;
  // Errors of these endpoints are for programs.
  request.headers.accept = 'application/json';
  request.url = `${inner}${query}`;
  Object.assign(request, { originalUrl: `${authority.mount}${inner}${query}` });
  const provider = await issuer.provider(authority);
  await provider.callback()(request, response);
}

function target(ports: IdentityPorts, path: string): { authority: Authority; inner: string } | undefined {
  const { adfs, tenant } = authorities(ports);
  const [, first = '', ...rest] = path.split('/');
  const word = first.toLowerCase();
  if (word === 'adfs') {
    // Some clients append the tenant `adfs` to an authority that has it already (sdk-contract §6).
    const inner = rest[0]?.toLowerCase() === 'adfs' ? rest.slice(1) : rest;
    return { authority: adfs, inner: `/${inner.join('/')}` };
  }
  if (word !== ports.tenantId.toLowerCase()) return undefined;
  const inner = `/${rest.join('/')}`;
  const lower = inner.toLowerCase();
  if (lower === '/v2.0/.well-known/openid-configuration') return { authority: tenant, inner: lower.slice(5) };
  if (lower === '/oauth2/token') return { authority: tenant, inner: tenant.routes.token };
  return { authority: tenant, inner };
}
