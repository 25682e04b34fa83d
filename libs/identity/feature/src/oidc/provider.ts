import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { decodeJwt } from 'jose';
import type { PrincipalRow } from '../postgres/principals.js';
import type { Authority, ProviderPorts } from './types.js';

/** What the steps of one request leave for the answer and its audit record. */
export interface RequestNotes {
  /** Client id as the caller gave it, in the form or in the Authorization header. */
  clientId?: string;
  /** What the caller showed instead of a client secret. */
  shown?: 'assertion' | 'nothing';
  principal?: PrincipalRow;
  /** A client secret that was right but has ended. */
  expired?: boolean;
  /** A fault of ours behind an error that the library words its own way. */
  fault?: unknown;
}

const notes = new WeakMap<object, RequestNotes>();

export function notesOf(ctx: object): RequestNotes {
  const known = notes.get(ctx) ?? {};
  notes.set(ctx, known);
  return known;
}

const ALGORITHM = 'RS256';

/** Whom a token is made for that no request of the token endpoint asked for. */
const minting = new WeakMap<object, string>();

export interface Mint {
  readonly appId: string;
  readonly objectId: string;
  readonly audience: string;
  readonly tokenLifetimeSeconds: number;
  readonly kid: string;
}

/** An access token made by the library without a request. `expiresOn`: Unix seconds. */
export async function mintToken(
  provider: Provider,
  mint: Mint,
): Promise<{ readonly token: string; readonly expiresOn: number }> {
  const client = await provider.Client.find(mint.appId);
  if (client === undefined) throw new Error('the client of a token is gone');
  const token = new provider.ClientCredentials({ client, scope: '' });
  token.resourceServer = new provider.ResourceServer(mint.audience, {
    scope: '',
    audience: mint.audience,
    accessTokenTTL: mint.tokenLifetimeSeconds,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: ALGORITHM, kid: mint.kid } },
  });
  minting.set(token, mint.objectId);
  const value = await token.save();
  // The library tells the end of a token in the token only.
  return { token: value, expiresOn: decodeJwt(value).exp ?? 0 };
}

/**
 * The library's provider for one authority and one set of signing keys: client credentials, access tokens as JWTs for the
 * resource asked for. Loaded when the first request needs it: half a second of start and 45 MB that many processes never use.
 */
export async function createProvider(authority: Authority, ports: ProviderPorts): Promise<Provider> {
  const library = await import('oidc-provider');
  const current = (): RequestNotes => {
    const ctx = library.Provider.ctx;
    return ctx === undefined ? {} : notesOf(ctx);
  };
  const provider = new library.Provider(authority.issuer, configuration(authority, ports, library, current));
  // URLs are built from the configured host, never from the Host header (login-handler.ts sets what the proxy mode reads).
  provider.proxy = true;
  provider.silent = true;
  provider.Client.prototype.compareClientSecret = async function compareClientSecret(secret: string) {
    const found = current();
    if (found.principal === undefined) return false;
    try {
      const check = await ports.check(found.principal, secret);
      if (check === 'expired') found.expired = true;
      return check === 'valid';
    } catch (fault) {
      found.fault = fault;
      throw fault;
    }
  };
  return provider;
}

function configuration(
  authority: Authority,
  ports: ProviderPorts,
  { errors }: typeof import('oidc-provider'),
  current: () => RequestNotes,
): Configuration {
  const resourceServer = (resource: string) => {
    const audience = ports.audienceOf(resource);
    if (audience === undefined) throw new errors.InvalidTarget();
    return {
      scope: '',
      audience,
      accessTokenTTL: ports.tokenLifetimeSeconds,
      accessTokenFormat: 'jwt' as const,
      jwt: { sign: { alg: ALGORITHM as 'RS256', kid: ports.signingKid } },
    };
  };
  return {
    adapter: clientAdapter(ports, current),
    jwks: { keys: ports.keys },
    routes: authority.routes,
    // Nothing but client credentials: no response type or scope brings another grant along.
    responseTypes: ['none'],
    scopes: ['openid'],
    clientBasedCORS: () => false,
    ttl: { ClientCredentials: ports.tokenLifetimeSeconds },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      userinfo: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => {
          const resource = ports.requestedResource(ctx.oidc.body ?? {});
          if (resource === undefined) throw new errors.InvalidTarget();
          return resource;
        },
        getResourceServerInfo: (_ctx, resource) => resourceServer(resource),
      },
    },
    extraTokenClaims: (_ctx, token) =>
      claimsOf(ports, token.clientId ?? '', minting.get(token) ?? current().principal?.objectId),
    formats: {
      customizers: {
        jwt: (_ctx, _token, jwt) => {
          const payload = jwt.payload as Record<string, unknown>;
          // Azure's tokens name the principal, not the client.
          payload['sub'] = payload['oid'];
          payload['nbf'] = payload['iat'];
          delete payload['client_id'];
        },
      },
    },
    renderError: (ctx, out) => {
      ctx.type = 'json';
      ctx.body = out;
    },
  };
}

/** Claims of Azure's access tokens (azure-api b.6). */
function claimsOf(ports: ProviderPorts, clientId: string, objectId: string | undefined) {
  if (objectId === undefined) throw new Error('a token is made for nobody');
  return {
    tid: ports.tenantId,
    oid: objectId,
    appid: clientId,
    azp: clientId,
    appidacr: '1',
    idtyp: 'app',
    uti: ports.newId(),
    ver: '1.0',
  };
}

/** Clients are the service principals; nothing else is stored, because tokens are self-contained. */
function clientAdapter(ports: ProviderPorts, current: () => RequestNotes) {
  return (model: string) => ({
    find: async (id: string) => {
      if (model !== 'Client') return undefined;
      current().clientId = id;
      try {
        const principal = await ports.principal(id);
        if (principal === undefined) return undefined;
        current().principal = principal;
        return clientMetadata(principal.appId);
      } catch (fault) {
        current().fault = fault;
        throw fault;
      }
    },
    upsert: () => Promise.resolve(undefined),
    consume: () => Promise.resolve(undefined),
    destroy: () => Promise.resolve(undefined),
    findByUid: () => Promise.resolve(undefined),
    findByUserCode: () => Promise.resolve(undefined),
    revokeByGrantId: () => Promise.resolve(undefined),
  });
}

function clientMetadata(clientId: string) {
  return {
    client_id: clientId,
    // Never compared: `compareClientSecret` checks the stored hash.
    client_secret: 'see compareClientSecret',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic' as const,
  };
}

export type { KoaContextWithOIDC };
