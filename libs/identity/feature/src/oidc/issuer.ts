import { newId } from '@coffer/kernel';
import type { Provider } from 'oidc-provider';
import type { ClientSecrets } from '../application/client-secrets.js';
import type { IdentityPorts } from '../application/ports.js';
import { audienceOf, requestedResource } from '../application/resources.js';
import { recordSignIn } from '../application/sign-in-audit.js';
import type { SigningKeys, SigningKeySet } from '../application/signing-keys.js';
import { principalByAppId } from '../postgres/principals.js';
import { faultError, tokenError, type TokenError } from './errors.js';
import { createProvider, mintToken, notesOf, type KoaContextWithOIDC, type RequestNotes } from './provider.js';
import type { Authority } from './types.js';

const TOKEN_LIFETIME_SECONDS = 3600;

/** What the library says to pages of other origins. */
const CROSS_ORIGIN = ['access-control-allow-origin', 'access-control-expose-headers', 'vary'];

/** The two authorities of the installation; clients differ in which one they can use (sdk-contract 2.3). */
export function authorities({ loginUrl, tenantId }: Pick<IdentityPorts, 'loginUrl' | 'tenantId'>) {
  return {
    adfs: {
      issuer: `${loginUrl}/adfs`,
      mount: '/adfs',
      routes: { authorization: '/oauth2/authorize', token: '/oauth2/token', jwks: '/discovery/keys' },
    },
    tenant: {
      issuer: `${loginUrl}/${tenantId}/v2.0`,
      mount: `/${tenantId}`,
      routes: {
        authorization: '/oauth2/v2.0/authorize',
        token: '/oauth2/v2.0/token',
        jwks: '/discovery/v2.0/keys',
      },
    },
  } satisfies Record<string, Authority>;
}

/** The library's provider for one set of signing keys. */
export interface ProviderWithKeys {
  readonly provider: Provider;
  /** Key that it signs with. */
  readonly kid: string;
}

/** The library's providers, made anew when the signing keys change. */
export class Issuer {
  readonly #providers = new Map<string, { readonly keys: SigningKeySet; readonly provider: Promise<Provider> }>();

  constructor(
    private readonly ports: IdentityPorts,
    private readonly keys: SigningKeys,
    private readonly secrets: ClientSecrets,
  ) {}

  /** Throws ServiceUnavailable when the signing keys cannot be had. */
  async provider(authority: Authority): Promise<ProviderWithKeys> {
    const keys = await this.keys.get();
    const known = this.#providers.get(authority.mount);
    if (known?.keys === keys) return { provider: await known.provider, kid: keys.kid };
    const provider = this.#create(authority, keys);
    this.#providers.set(authority.mount, { keys, provider });
    provider.catch(() => this.#providers.delete(authority.mount));
    return { provider: await provider, kid: keys.kid };
  }

  /** A token outside the token endpoint, for the managed-identity endpoint. `expiresOn`: Unix seconds. */
  async mint(
    { provider, kid }: ProviderWithKeys,
    appId: string,
    objectId: string,
    audience: string,
  ): Promise<{ readonly token: string; readonly expiresOn: number }> {
    return mintToken(provider, {
      appId,
      objectId,
      audience,
      tokenLifetimeSeconds: this.#lifetime(),
      kid,
    });
  }

  #lifetime(): number {
    return this.ports.tokenLifetimeSeconds ?? TOKEN_LIFETIME_SECONDS;
  }

  async #create(authority: Authority, keys: SigningKeySet): Promise<Provider> {
    const { database, loginUrl, tenantId, audiences } = this.ports;
    const provider = await createProvider(authority, {
      loginUrl,
      tenantId,
      tokenLifetimeSeconds: this.#lifetime(),
      keys: keys.privateKeys,
      signingKid: keys.kid,
      principal: (clientId) => principalByAppId(database, clientId),
      check: (principal, secret) => this.secrets.check(principal, secret),
      audienceOf: (resource) => audienceOf(audiences, resource),
      requestedResource,
      newId,
    });
    provider.use((ctx, next) => this.#answer(ctx as KoaContextWithOIDC, next));
    return provider;
  }

  /** Words the answer of the token endpoint as Azure does, and records the sign-in before it leaves. */
  async #answer(ctx: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<void> {
    const now = this.ports.clock.now();
    await next();
    for (const name of CROSS_ORIGIN) ctx.remove(name);
    ctx.set('x-content-type-options', 'nosniff');
    // Absent when the library has no such route.
    if ((ctx as Partial<KoaContextWithOIDC>).oidc?.route !== 'token') return;
    const notes = notesOf(ctx);
    const correlationId = newId();
    const form = (ctx.oidc.body ?? {}) as Readonly<Record<string, unknown>>;
    const success = ctx.status === 200;
    if (!success) await this.#examine(ctx, form, notes);
    const error = success ? undefined : tokenError(ctx.status, ctx.body as object, notes, correlationId);
    const clientId = form['client_id'] ?? notes.clientId;
    const signIn = {
      request: ctx.req,
      now,
      correlationId,
      path: ctx.oidc.urlFor('token').slice(this.ports.loginUrl.length),
      status: error?.status ?? 200,
      clientId: typeof clientId === 'string' ? clientId : undefined,
      objectId: notes.principal?.objectId,
      resource: requestedResource(form),
      error: error === undefined ? undefined : String(error.body['error']),
    };
    try {
      await recordSignIn(this.ports, signIn);
    } catch (fault) {
      send(ctx, faultError(fault, correlationId));
      return;
    }
    if (error !== undefined) send(ctx, error);
    else ctx.body = withExtendedExpiry(ctx.body as TokenReply);
  }

  /** Notes what a refused client showed, and lets an unknown one wait as long as one with a wrong secret. */
  async #examine(ctx: KoaContextWithOIDC, form: Readonly<Record<string, unknown>>, notes: RequestNotes): Promise<void> {
    const secret = form['client_secret'];
    const hasSecret = ctx.headers.authorization !== undefined || (typeof secret === 'string' && secret !== '');
    if (!hasSecret) notes.shown = form['client_assertion'] === undefined ? 'nothing' : 'assertion';
    const isUnknown = notes.clientId !== undefined && notes.principal === undefined && notes.fault === undefined;
    if (!hasSecret || notes.clientId === undefined || !isUnknown) return;
    try {
      await this.secrets.checkNothing(notes.clientId, typeof secret === 'string' ? secret : '');
    } catch (fault) {
      notes.fault = fault;
    }
  }
}

interface TokenReply {
  readonly access_token: string;
  readonly expires_in: number;
}

/** `ext_expires_in` is read by older clients. */
function withExtendedExpiry(reply: TokenReply): object {
  return {
    token_type: 'Bearer',
    expires_in: reply.expires_in,
    ext_expires_in: reply.expires_in,
    access_token: reply.access_token,
  };
}

function send(ctx: KoaContextWithOIDC, { status, headers, body }: TokenError): void {
  ctx.status = status;
  ctx.set({ ...headers });
  ctx.body = body;
}
