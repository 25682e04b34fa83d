import type { TokenAudience, TokenVerifier } from '@coffer/contracts';
import { isCofferError } from '@coffer/kernel';
import type { Principal } from '@coffer/wire';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { readClaims, withoutTrailingSlash, type VerifiedToken } from './claims.js';
import { localKeys, remoteKeys, type KeyFinder } from './issuer-keys.js';
import { ALGORITHMS, MAX_TOKEN_LENGTH, type TokenVerifierOptions, type TrustedIssuer } from './options.js';
import { refusals } from './refusals.js';

/** Three base64url segments. Encrypted tokens (five) are not accepted. */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

interface Remembered extends VerifiedToken {
  /** Monotonic milliseconds after which the signature is checked again. */
  readonly until: number;
}

/**
 * Verifies access tokens (RFC 7519, RFC 8725) of the given issuers: signature under an allow-list of algorithms, `iss`,
 * `aud`, `exp`, `nbf`, `tid`. A token seen before costs a map look-up; its times and audience are checked each time.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier & { forget(): void } {
  return new CachingVerifier(options);
}

class CachingVerifier implements TokenVerifier {
  readonly #issuers = new Map<string, { issuer: TrustedIssuer; find: KeyFinder }>();
  readonly #audiences: Readonly<Record<TokenAudience, readonly string[]>>;
  // Keyed by the token itself: hashing it with SHA-256 first would cost more than the look-up. It is never written anywhere.
  readonly #verified: LRUCache<string, Remembered>;
  readonly #skew: number;
  readonly #cacheMs: number;
  #generation = 0;

  constructor(private readonly options: TokenVerifierOptions) {
    this.#skew = options.clockSkewSeconds * 1000;
    this.#cacheMs = (options.cacheSeconds ?? 300) * 1000;
    this.#verified = new LRUCache({ max: options.cacheEntries ?? 5000 });
    const { vault, management, audit, graph } = options.audiences;
    this.#audiences = {
      vault: vault.map(withoutTrailingSlash),
      management: management.map(withoutTrailingSlash),
      audit: audit.map(withoutTrailingSlash),
      graph: graph.map(withoutTrailingSlash),
    };
    for (const issuer of options.issuers) this.#trust(issuer);
  }

  async verify(token: string, audience: TokenAudience): Promise<Principal> {
    const known = this.#verified.get(token);
    if (known !== undefined && this.options.clock.monotonic() < known.until) return this.#accept(known, audience);
    return this.#accept(await this.#verifyAndRemember(token), audience);
  }

  /** Drops everything remembered; a verification that is under way is not remembered either. */
  forget(): void {
    this.#generation += 1;
    this.#verified.clear();
  }

  #trust(issuer: TrustedIssuer): void {
    const context = {
      clock: this.options.clock,
      cooldownSeconds: this.options.jwksCooldownSeconds ?? 30,
      onWithdrawn: () => {
        this.forget();
      },
    };
    const find = 'jwks' in issuer ? localKeys(issuer.jwks, context) : remoteKeys(issuer.jwksUri, context);
    this.#issuers.set(issuer.issuer, { issuer, find });
    issuer.onRotation?.(context.onWithdrawn);
  }

  #accept(token: VerifiedToken, audience: TokenAudience): Principal {
    const now = this.options.clock.now();
    if (now >= token.expires + this.#skew) throw refusals.expired();
    if (now < token.notBefore - this.#skew) throw refusals.notYetValid();
    const expected = this.#audiences[audience];
    if (!token.audiences.some((found) => expected.includes(found))) throw refusals.audience(expected, token.audiences);
    return token.principal;
  }

  async #verifyAndRemember(token: string): Promise<VerifiedToken> {
    const generation = this.#generation;
    const verified = await this.#verifyNow(token);
    if (generation === this.#generation) {
      this.#verified.set(token, { ...verified, until: this.options.clock.monotonic() + this.#cacheMs });
    }
    return verified;
  }

  async #verifyNow(token: string): Promise<VerifiedToken> {
    if (token === '') throw refusals.missing();
    if (token.length > MAX_TOKEN_LENGTH || !COMPACT_JWS.test(token)) throw refusals.malformed();
    try {
      // Unverified, and used for nothing but choosing the issuer whose keys must then fit.
      const trusted = this.#issuerOf(decodeJwt(token).iss);
      const { payload } = await jwtVerify(token, trusted.find, {
        algorithms: ALGORITHMS,
        issuer: trusted.issuer.issuer,
        currentDate: new Date(this.options.clock.now()),
        clockTolerance: this.options.clockSkewSeconds,
        requiredClaims: ['exp', 'aud'],
      });
      return readClaims(payload, trusted.issuer);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  #issuerOf(iss: unknown): { issuer: TrustedIssuer; find: KeyFinder } {
    const trusted = typeof iss === 'string' ? this.#issuers.get(iss) : undefined;
    if (trusted === undefined) throw refusals.issuer([...this.#issuers.keys()], iss);
    return trusted;
  }
}

/** Whatever a hostile token makes the parser throw is the caller's fault; only unreachable keys are ours. */
function refusalOf(error: unknown): Error {
  if (isCofferError(error)) return error;
  if (error instanceof errors.JWTExpired) return refusals.expired();
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' && error.reason === 'check_failed'
      ? refusals.notYetValid()
      : refusals.claim(error.claim);
  }
  return refusals.malformed();
}
