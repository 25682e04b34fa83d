import type { JWK } from 'jose';
import type { PrincipalRow } from '../postgres/principals.js';
import type { SecretCheck } from '../application/client-secrets.js';

/** One authority of the issuer: AD FS shaped, or a tenant's. */
export interface Authority {
  /** `iss` of its tokens; the scheme, host and port of every URL in its discovery document. */
  readonly issuer: string;
  /** Path prefix, e.g. `/adfs`. */
  readonly mount: string;
  readonly routes: { readonly authorization: string; readonly token: string; readonly jwks: string };
}

/** What the provider asks the feature. */
export interface ProviderPorts {
  readonly loginUrl: string;
  readonly tenantId: string;
  readonly tokenLifetimeSeconds: number;
  readonly keys: readonly JWK[];
  readonly signingKid: string;
  readonly principal: (clientId: string) => Promise<PrincipalRow | undefined>;
  readonly check: (principal: PrincipalRow, secret: string) => Promise<SecretCheck>;
  /** The `aud` for a resource; `undefined` when there is no such resource. */
  readonly audienceOf: (resource: string) => string | undefined;
  readonly requestedResource: (form: Readonly<Record<string, unknown>>) => string | undefined;
  readonly newId: () => string;
}
