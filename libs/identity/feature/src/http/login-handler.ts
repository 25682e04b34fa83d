import type { IncomingMessage, ServerResponse } from 'node:http';
import { newId } from '@coffer/kernel';
import type { IdentityPorts } from '../application/ports.js';
import { faultError } from '../oidc/errors.js';
import type { Issuer } from '../oidc/issuer.js';
import { instanceDiscovery, webfinger } from './discovery.js';
import { endpointAt } from './endpoints.js';
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
  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { path, query } = parsed(request.url ?? '/', ports.loginUrl);
    if (path.toLowerCase() === '/common/discovery/instance') {
      sendJson(response, 200, instanceDiscovery(ports));
    } else if (path.toLowerCase() === '/.well-known/webfinger') {
      sendJson(response, 200, webfinger(query.get('resource'), ports.loginUrl));
    } else if (path.toLowerCase() === MANAGED_IDENTITY_PATH) {
      if (request.method !== 'GET') {
        refuseMethod(response, ['GET']);
        return;
      }
      await managedIdentityToken(managedIdentity, request, response, query);
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
  const endpoint = endpointAt(ports, path);
  if (endpoint === undefined) {
    refuse(response, 404, 90002, 'The tenant or endpoint was not found.');
    return;
  }
  const { authority, inner, methods } = endpoint;
  if (!methods.includes(request.method ?? '')) {
    refuseMethod(response, methods);
    return;
  }
  const query = request.url?.includes('?') === true ? request.url.slice(request.url.indexOf('?')) : '';
  // What the library builds its URLs from: the configured host, whatever the caller's header says.
  request.headers['x-forwarded-proto'] = 'https';
  request.headers['x-forwarded-host'] = new URL(ports.loginUrl).host;
  // Pages of other origins have no business here; the library would refuse a client that sends this.
  delete request.headers.origin;
  // Errors of these endpoints are for programs.
  request.headers.accept = 'application/json';
  request.url = `${inner}${query}`;
  Object.assign(request, { originalUrl: `${authority.mount}${inner}${query}` });
  const { provider } = await issuer.provider(authority);
  await provider.callback()(request, response);
}

function refuseMethod(response: ServerResponse, methods: readonly string[]): void {
  const allow = methods.join(', ');
  refuse(response, 405, 900561, `The endpoint only accepts ${allow}.`, { allow });
}

function refuse(
  response: ServerResponse,
  status: number,
  code: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = { error: 'invalid_request', error_description: `AADSTS${code}: ${text}`, error_codes: [code] };
  sendJson(response, status, body, headers);
}

/** The path without double and trailing slashes. A target that is no path (`*`, a URL, `//…`) never names another host. */
function parsed(target: string, loginUrl: string): { readonly path: string; readonly query: URLSearchParams } {
  const at = target.indexOf('?');
  const raw = at < 0 ? target : target.slice(0, at);
  const { pathname } = new URL(`${loginUrl}/${raw.replace(/^[/\\]+/, '')}`);
  return {
    path: pathname.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1'),
    query: new URLSearchParams(at < 0 ? '' : target.slice(at + 1)),
  };
}
