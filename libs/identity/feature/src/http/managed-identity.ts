import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ManagedIdentity } from '../application/managed-identity.js';
import { sendJson } from './send-json.js';

/** `IDENTITY_ENDPOINT` of containers. */
export const MANAGED_IDENTITY_PATH = '/msi/token';

/** The App Service form of the managed-identity endpoint. An unknown identity is a 400: clients try a 404 again. */
export async function managedIdentityToken(
  identity: ManagedIdentity,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  const header = request.headers['x-identity-header'];
  const result = await identity.token({
    request,
    path: MANAGED_IDENTITY_PATH,
    header: typeof header === 'string' ? header : undefined,
    resource: query.get('resource') ?? undefined,
    clientId: query.get('client_id') ?? undefined,
    resourceId: query.get('mi_res_id') ?? undefined,
    objectId: query.get('object_id') ?? undefined,
  });
  if ('error' in result) {
    sendJson(response, 400, { error: result.error, error_description: result.description });
    return;
  }
  const { token, expiresOn, resource } = result;
  sendJson(response, 200, {
    access_token: token,
    expires_on: String(expiresOn),
    resource,
    token_type: 'Bearer',
  });
}
