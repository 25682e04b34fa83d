import { createHmac, randomBytes } from 'node:crypto';
import type { Sealer } from '@coffer/contracts';
import type { Clock } from '@coffer/kernel';
import { LRUCache } from 'lru-cache';
import type { PasswordRow, PrincipalRow } from '../postgres/principals.js';
import { hashSecret, hintOf, secretMatches } from './password-hash.js';
import { openPassword, openPrincipalKey } from './principal-keys.js';
import { Turnstile } from './turnstile.js';

export type SecretCheck = 'valid' | 'expired' | 'wrong';

/** `unlike`: the hint tells that it is another password's secret; nothing was hashed. */
type Comparison = 'same' | 'different' | 'unlike';

/** Longer secrets are wrong without being hashed. */
const MAX_SECRET_LENGTH = 1024;
/** A new password works also where the clock is behind that of the instance that made it. */
const SKEW_MS = 5 * 60_000;

/** Checks of one client that may wait for their turn: others must not wait behind all of its mistakes. */
const MAX_WAITING_PER_CLIENT = 16;

/**
 * Checks client secrets. One that was right once is recognised again by an HMAC under a key of this process, bound to
 * the password's ciphertext: the principal is read anew for each sign-in, so a removed or replaced password is never
 * compared, and nothing has to be invalidated. A check that fails costs one slow hash, whether the client exists or not.
 */
export class ClientSecrets {
  readonly #hmacKey = randomBytes(32);
  readonly #verified = new LRUCache<string, true>({ max: 10_000 });
  readonly #underWay = new Map<string, Promise<Comparison>>();
  // Half of libuv's default pool: sign-ins must not stop everything else that runs there.
  readonly #slow = new Turnstile(2, 200, MAX_WAITING_PER_CLIENT);

  constructor(
    private readonly sealer: Sealer,
    private readonly clock: Clock,
  ) {}

  /** Throws Throttled when too many wait, PrincipalNotFound when the principal was deleted meanwhile. */
  async check(principal: PrincipalRow, secret: string): Promise<SecretCheck> {
    if (!isPlausible(secret)) return 'wrong';
    const now = this.clock.now();
    const candidates = principal.passwords.map((password) => ({
      password,
      fingerprint: this.#fingerprint(principal, password, secret),
    }));
    const known = candidates.find(({ fingerprint }) => this.#verified.get(fingerprint) === true);
    if (known !== undefined) return validity(known.password, now);
    let result: SecretCheck = 'wrong';
    let hashed = false;
    for (const { password, fingerprint } of candidates) {
      const comparison = await this.#once(fingerprint, () => this.#compare(principal, password, secret));
      if (comparison !== 'unlike') hashed = true;
      if (comparison !== 'same') continue;
      this.#verified.set(fingerprint, true);
      result = validity(password, now);
      if (result === 'valid') return result;
    }
    if (!hashed) await this.checkNothing(principal.appId, secret);
    return result;
  }

  /** Takes as long as a check that fails: how long an answer takes must not tell which clients there are. Throws Throttled. */
  async checkNothing(clientId: string, secret: string): Promise<void> {
    if (!isPlausible(secret)) return;
    const id = clientId.toLowerCase();
    await this.#once(this.#mac([id, secret]), async () => {
      await this.#slow.run(id, () => hashSecret(secret));
      return 'different';
    });
  }

  async #compare(principal: PrincipalRow, password: PasswordRow, secret: string): Promise<Comparison> {
    const { hash, hint } = openPassword(await openPrincipalKey(this.sealer, principal), password);
    if (hint !== hintOf(secret)) return 'unlike';
    return (await this.#slow.run(principal.appId, () => secretMatches(secret, hash))) ? 'same' : 'different';
  }

  /** Sign-ins of many instances of one client at once pay for one slow hash. */
  #once(key: string, compare: () => Promise<Comparison>): Promise<Comparison> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const result = compare().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, result);
    return result;
  }

  #fingerprint(principal: PrincipalRow, password: PasswordRow, secret: string): string {
    return this.#mac([principal.objectId, password.keyId, password.sealed, secret]);
  }

  #mac(texts: readonly string[]): string {
    return createHmac('sha256', this.#hmacKey).update(JSON.stringify(texts)).digest('base64');
  }
}

/** HMAC, and so scrypt, takes a secret with NULs behind it for the same secret. */
function isPlausible(secret: string): boolean {
  return secret.length <= MAX_SECRET_LENGTH && !secret.includes('\u0000');
}

function validity(password: PasswordRow, now: number): SecretCheck {
  // Passwords without an end are the installation's own: a clock that was wrong at the first start locks nobody out.
  if (password.endDateTime === undefined) return 'valid';
  if (password.startDateTime.getTime() > now + SKEW_MS) return 'wrong';
  return password.endDateTime.getTime() <= now ? 'expired' : 'valid';
}
