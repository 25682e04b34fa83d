import type { IncomingMessage } from 'node:http';
import { newId } from '@coffer/kernel';
import type { Issuer } from '../oidc/issuer.js';
import { authorities } from '../oidc/issuer.js';
import { principalByAppId } from '../postgres/principals.js';
import type { ClientSecrets } from './client-secrets.js';
import type { IdentityPorts } from './ports.js';
import { audienceOf } from './resources.js';
import { recordSignIn } from './sign-in-audit.js';

export interface ManagedIdentityRequest {
  readonly request: IncomingMessage;
  readonly path: string;
  /** `X-IDENTITY-HEADER`: `<appId>.<client secret>`. */
  readonly header: string | undefined;
  readonly resource: string | undefined;
  /** Asked for by name; must be the header's own. */
  readonly clientId: string | undefined;
  /** The same by object id. */
  readonly objectId: string | undefined;
  /** The same by ARM resource id, which none of ours has. */
  readonly resourceId: string | undefined;
}

export type ManagedIdentityResult =
  | { readonly token: string; readonly expiresOn: number; readonly resource: string }
  | { readonly error: 'invalid_request' | 'unauthorized_client' | 'invalid_resource'; readonly description: string };

/**
 * Tokens for containers (App Service form, sdk-contract 1.4): the header is a secret that the container was given, so no
 * address is trusted. It holds the client id and a client secret of the service principal.
 */
export class ManagedIdentity {
  constructor(
    private readonly ports: IdentityPorts,
    private readonly issuer: Issuer,
    private readonly secrets: ClientSecrets,
  ) {}

  /** Throws ServiceUnavailable (also when the attempt cannot be recorded), Throttled. */
  async token(asked: ManagedIdentityRequest): Promise<ManagedIdentityResult> {
    const now = this.ports.clock.now();
    const [appId, secret] = split(asked.header);
    const principal = appId === undefined ? undefined : await principalByAppId(this.ports.database, appId);
    const known = principal !== undefined && (await this.secrets.check(principal, secret)) === 'valid';
    const result = await this.#decide(asked, known ? principal.appId : undefined, principal?.objectId);
    const error = 'error' in result ? result.error : undefined;
    await recordSignIn(this.ports, {
      request: asked.request,
      now,
      correlationId: newId(),
      path: asked.path,
      status: error === undefined ? 200 : 400,
      clientId: appId,
      objectId: known ? principal.objectId : undefined,
      resource: asked.resource,
      error,
    });
    return result;
  }

  async #decide(
    asked: ManagedIdentityRequest,
    appId: string | undefined,
    objectId: string | undefined,
  ): Promise<ManagedIdentityResult> {
    const { resource } = asked;
    const isOther = (name: string | undefined, own: string) => name !== undefined && name.toLowerCase() !== own;
    if (
      appId === undefined ||
      objectId === undefined ||
      isOther(asked.clientId, appId) ||
      isOther(asked.objectId, objectId) ||
      asked.resourceId !== undefined
    ) {
      return { error: 'unauthorized_client', description: 'No managed identity was found for the request.' };
    }
    if (resource === undefined) return { error: 'invalid_request', description: 'The parameter resource is missing.' };
    const audience = audienceOf(this.ports.audiences, resource);
    if (audience === undefined) {
      return { error: 'invalid_resource', description: 'AADSTS500011: The resource principal was not found.' };
    }
    const provider = await this.issuer.provider(authorities(this.ports).adfs);
    const { token, expiresOn } = await this.issuer.mint(provider, appId, objectId, audience);
    return { token, expiresOn, resource };
  }
}

function split(header: string | undefined): [string | undefined, string] {
  const at = header?.indexOf('.') ?? -1;
  if (header === undefined || at < 1) return [undefined, ''];
  return [header.slice(0, at), header.slice(at + 1)];
}
