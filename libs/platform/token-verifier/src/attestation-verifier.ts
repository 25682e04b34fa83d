import type { Attestation, AttestationVerifier } from '@coffer/contracts';
import { CofferError, isCofferError, type Clock } from '@coffer/kernel';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { authorityKeys, type AttestationAuthority } from './authority-keys.js';
import { withoutTrailingSlash } from './claims.js';
import { localKeys, type KeyFinder } from './issuer-keys.js';
import { ALGORITHMS } from './options.js';

export interface AttestationVerifierOptions {
  /** None: every token is refused. */
  readonly authorities: readonly AttestationAuthority[];
  readonly clock: Clock;
  /** Tolerance for `exp` and `nbf`. */
  readonly clockSkewSeconds: number;
  /** Pause between two looks for keys that tokens name and the authority did not have, in seconds. Default 30. */
  readonly jwksCooldownSeconds?: number;
}

/** Longest token that is looked at. */
const MAX_LENGTH = 128 * 1024;
/** Shorter ones cannot carry a signature of the algorithms. */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

interface Trusted {
  readonly authority: string;
  readonly find: KeyFinder;
}

/**
 * Verifies attestation tokens (RFC 7519, RFC 8725) of the configured authorities. Keys come from the configuration's
 * authority alone: `jku`, `jwk` and `x5c` of a token's header lead nowhere, and its `kid` is compared and nothing else.
 */
export function createAttestationVerifier(options: AttestationVerifierOptions): AttestationVerifier {
  const context = {
    clock: options.clock,
    cooldownSeconds: options.jwksCooldownSeconds ?? 30,
    onWithdrawn: () => undefined,
  };
  const trusted = new Map<string, Trusted>(
    options.authorities.map((configured) => {
      const authority = withoutTrailingSlash(configured.authority);
      return [authority, { authority, find: localKeys(authorityKeys(configured, options.clock), context) }];
    }),
  );
  return {
    verify: async (token) => {
      if (token.length > MAX_LENGTH || !COMPACT_JWS.test(token)) throw refused('It is malformed.');
      try {
        return await verifyNow(token, trusted, options);
      } catch (error) {
        throw refusalOf(error);
      }
    },
  };
}

async function verifyNow(
  token: string,
  trusted: ReadonlyMap<string, Trusted>,
  { clock, clockSkewSeconds }: AttestationVerifierOptions,
): Promise<Attestation> {
  // Unverified, and used for nothing but choosing the authority whose keys must then fit.
  const { iss } = decodeJwt(token);
  const found = typeof iss === 'string' && iss.length < 2048 ? trusted.get(withoutTrailingSlash(iss)) : undefined;
  if (found === undefined || iss === undefined) throw refused('Its authority is not trusted here.');
  const { payload } = await jwtVerify(token, found.find, {
    algorithms: ALGORITHMS,
    issuer: iss,
    currentDate: new Date(clock.now()),
    clockTolerance: clockSkewSeconds,
    requiredClaims: ['exp'],
  });
  return { authority: found.authority, claims: payload };
}

/** Whatever a hostile token makes the parser throw is the caller's fault; only unreachable keys are ours. */
function refusalOf(error: unknown): Error {
  if (isCofferError(error)) return error;
  if (error instanceof errors.JWTExpired) return refused('It has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refused(error.claim === 'nbf' ? 'It is not valid yet.' : 'It has no valid expiry.');
  }
  return refused('Its signature is not valid.');
}

/** Azure's words, and why: nothing that the token says. */
function refused(why: string): CofferError {
  return new CofferError('ReleaseRefused', `Target environment attestation statement cannot be verified. ${why}`);
}
