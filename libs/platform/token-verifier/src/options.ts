import type { TokenAudience } from '@coffer/contracts';
import type { Clock } from '@coffer/kernel';
import type { JSONWebKeySet } from 'jose';

export interface IssuerKeySet extends JSONWebKeySet {
  /** Ids of keys that the issuer has as well, and that cannot be used here: a token that names one is not for that false. */
  readonly unusable?: ReadonlySet<string>;
}

/**
 * Public signing keys of an issuer in the same process. `refresh` asks for a new look at what is stored, because a
 * token named a key that the last answer did not have; without it the answer comes from memory.
 */
export type JwksSource = (options: { readonly refresh: boolean }) => Promise<IssuerKeySet>;

/** An issuer whose tokens are accepted. */
export type TrustedIssuer = {
  /** Compared with `iss` exactly. */
  readonly issuer: string;
  /** The `tid` that its tokens must carry; tokens without `tid` (issuers other than Entra) are taken to be of it. */
  readonly tenantId: string;
  /** Called back when the issuer's keys change, so that tokens of a withdrawn key stop being accepted at once. */
  readonly onRotation?: (listener: () => void) => void;
} & ({ readonly jwksUri: string } | { readonly jwks: JwksSource });

export interface TokenVerifierOptions {
  readonly issuers: readonly TrustedIssuer[];
  /** Accepted `aud` values per audience; a trailing slash makes no difference on either side. */
  readonly audiences: Readonly<Record<TokenAudience, readonly string[]>>;
  readonly clock: Clock;
  /** Tolerance for `exp` and `nbf`. */
  readonly clockSkewSeconds: number;
  /** Verified tokens remembered; least recently used ones go first. Default 5000. */
  readonly cacheEntries?: number;
  /** Upper bound for trusting an earlier verification, in seconds. Default 300. */
  readonly cacheSeconds?: number;
  /** Pause between two fetches of one issuer's keys that were caused by unknown keys, in seconds. Default 30. */
  readonly jwksCooldownSeconds?: number;
}

/** Longest token that is looked at: 16 KiB. */
export const MAX_TOKEN_LENGTH = 16 * 1024;

/** Asymmetric signatures only: `none` and the HMAC family (where a public key could serve as the secret) are never accepted. */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
