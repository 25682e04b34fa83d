import { CofferError, isCofferError, type Clock } from '@coffer/kernel';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type CryptoKey,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import type { IssuerKeySet, JwksSource } from './options.js';

/** Finds the public key that a token's header names. Rejects with a JOSE error (no such key) or ServiceUnavailable. */
export type KeyFinder = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

export interface IssuerKeysContext {
  readonly clock: Clock;
  readonly cooldownSeconds: number;
  /** A key that was there is gone: earlier verifications no longer count. */
  readonly onWithdrawn: () => void;
}

/** After a failed fetch the issuer is left in peace for this long, and its tokens are answered with 503 at once. */
const FAILURE_PAUSE_MS = 2_000;

/** Keys of an issuer in the same process; they are cheap to ask for, so every look sees the present ones. */
export function localKeys(source: JwksSource, context: IssuerKeysContext): KeyFinder {
  const watch = new WithdrawalWatch(context.onWithdrawn);
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let cached: { set: IssuerKeySet; find: KeyFinder } | undefined;
  const look = async (refresh: boolean): Promise<KeyFinder> => {
    const set = await source({ refresh }).catch((error: unknown) => {
      throw isCofferError(error, 'ServiceUnavailable') ? error : keysUnavailable(error);
    });
    if (cached?.set !== set) {
      cached = { set, find: createLocalJWKSet(set) };
      watch.see(set);
    }
    return cached.find;
  };
  const lookAgain = async (missing: errors.JWKSNoMatchingKey): Promise<KeyFinder> => {
    const now = context.clock.monotonic();
    if (now - refreshedAt < context.cooldownSeconds * 1000) throw missing;
    refreshedAt = now;
    return look(true);
  };
  return async (header, token) => {
    try {
      const find = await look(false);
      return await find(header, token).catch(async (error: unknown) => {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        return (await lookAgain(error))(header, token);
      });
    } catch (error) {
      const isOurs = error instanceof errors.JWKSNoMatchingKey && cached?.set.unusable?.has(header.kid ?? '') === true;
      throw isOurs ? keysUnavailable(error) : error;
    }
  };
}

/** Keys of an issuer behind a URL; fetching, caching and the pause between fetches are jose's. */
export function remoteKeys(url: string, context: IssuerKeysContext): KeyFinder {
  const watch = new WithdrawalWatch(context.onWithdrawn);
  const remote = createRemoteJWKSet(new URL(url), { cooldownDuration: context.cooldownSeconds * 1000 });
  let failedAt = Number.NEGATIVE_INFINITY;
  return async (header, token) => {
    if (!remote.fresh && context.clock.monotonic() - failedAt < FAILURE_PAUSE_MS) throw keysUnavailable();
    try {
      return await remote(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      failedAt = context.clock.monotonic();
      throw keysUnavailable(error);
    } finally {
      watch.see(remote.jwks());
    }
  };
}

/** Errors that the caller's token causes, as opposed to an issuer that cannot be reached or answers nonsense. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

function keysUnavailable(cause?: unknown): CofferError {
  return new CofferError('ServiceUnavailable', 'The signing keys of the token issuer cannot be read.', {}, { cause });
}

class WithdrawalWatch {
  #kids = new Set<string | undefined>();
  #seen: JSONWebKeySet | undefined;

  constructor(private readonly onWithdrawn: () => void) {}

  see(set: JSONWebKeySet | undefined): void {
    if (set === undefined || set === this.#seen) return;
    const kids = new Set(set.keys.map((key) => key.kid));
    const withdrawn = [...this.#kids].some((kid) => !kids.has(kid));
    this.#kids = kids;
    this.#seen = set;
    if (withdrawn) this.onWithdrawn();
  }
}
