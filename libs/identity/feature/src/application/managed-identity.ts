import type { IncomingMessage } from 'node:http';
import { isCofferError, newId } from '@coffer/kernel';
import type { Issuer } from '../oidc/issuer.js';
import { authorities } from '../oidc/issuer.js';
import { principalByAppId, type PrincipalRow } from '../postgres/principals.js';
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

interface Attempt {
  readonly asked: ManagedIdentityRequest;
  readonly now: number;
  /** Client id as the header has it. */
  readonly appId: string | undefined;
  recorded?: boolean;
}

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
    const attempt: Attempt = { asked, now, appId };
    try {
      const principal = await this.#recognised(appId, secret);
      const result = await this.#decide(asked, principal?.appId, principal?.objectId);
      const error = 'error' in result ? result.error : undefined;
      await this.#record(attempt, principal?.objectId, error === undefined ? 200 : 400, error);
      return result;
    } catch (fault) {
      // Answered as a fault of ours; nobody was signed in.
      if (attempt.recorded !== true) await this.#record(attempt, undefined, statusOf(fault), 'temporarily_unavailable');
      throw fault;
    }
  }

  /** The principal whose secret the header holds. */
  async #recognised(appId: string | undefined, secret: string): Promise<PrincipalRow | undefined> {
    if (appId === undefined) return undefined;
    const principal = await principalByAppId(this.ports.database, appId);
    if (principal !== undefined)
      return (await this.secrets.check(principal, secret)) === 'valid' ? principal : undefined;
    await this.secrets.checkNothing(appId, secret);
    return undefined;
  }

  async #record(attempt: Attempt, objectId: string | undefined, status: number, error: string | undefined) {
    const { asked, now, appId } = attempt;
    attempt.recorded = true;
    await recordSignIn(this.ports, {
      request: asked.request,
      now,
      correlationId: newId(),
      path: asked.path,
      status,
      clientId: appId,
      objectId,
      resource: asked.resource,
      error,
    });
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

function statusOf(fault: unknown): number {
  if (isCofferError(fault, 'Throttled')) return 429;
  return isCofferError(fault, 'ServiceUnavailable') ? 503 : 500;
}

function split(header: string | undefined): [string | undefined, string] {
  const at = header?.indexOf('.') ?? -1;
  if (header === undefined || at < 1) return [undefined, ''];
  return [header.slice(0, at), header.slice(at + 1)];
}
