import { createHmac, randomBytes } from 'node:crypto';
import type { Sealer } from '@coffer/contracts';
import type { Clock } from '@coffer/kernel';
import { LRUCache } from 'lru-cache';
import type { PasswordRow, PrincipalRow } from '../postgres/principals.js';
import { secretMatches } from './password-hash.js';
import { openPassword, openPrincipalKey } from './principal-keys.js';
import { Turnstile } from './turnstile.js';

export type SecretCheck = 'valid' | 'expired' | 'wrong';

/** Longer secrets are wrong without being hashed. */
const MAX_SECRET_LENGTH = 1024;
/** A new password works also where the clock is behind that of the instance that made it. */
const SKEW_MS = 5 * 60_000;

/**
 * Checks client secrets. One that was right once is recognised again by an HMAC under a key of this process, bound to
 * the password's ciphertext: the principal is read anew for each sign-in, so a removed or replaced password is never
 * compared, and nothing has to be invalidated.
 */
export class ClientSecrets {
  readonly #hmacKey = randomBytes(32);
  readonly #verified = new LRUCache<string, true>({ max: 10_000 });
  readonly #underWay = new Map<string, Promise<boolean>>();
  // Half of libuv's default pool: sign-ins must not stop everything else that runs there.
  readonly #slow = new Turnstile(2, 200);

  constructor(
    private readonly sealer: Sealer,
    private readonly clock: Clock,
  ) {}

  async check(principal: PrincipalRow, secret: string): Promise<SecretCheck> {
    // HMAC, and so scrypt, takes a secret with NULs behind it for the same secret.
    if (secret.length > MAX_SECRET_LENGTH || secret.includes('\u0000')) return 'wrong';
    const now = this.clock.now();
    const candidates = principal.passwords.map((password) => ({
      password,
      fingerprint: this.#fingerprint(principal, password, secret),
    }));
    const known = candidates.find(({ fingerprint }) => this.#verified.get(fingerprint) === true);
    if (known !== undefined) return validity(known.password, now);
    let result: SecretCheck = 'wrong';
    for (const { password, fingerprint } of candidates) {
      if (!(await this.#matches(principal, password, secret, fingerprint))) continue;
      this.#verified.set(fingerprint, true);
      result = validity(password, now);
      if (result === 'valid') return result;
    }
    return result;
  }

  /** Sign-ins of many instances of one client at once pay for one slow hash. */
  #matches(principal: PrincipalRow, password: PasswordRow, secret: string, fingerprint: string): Promise<boolean> {
    const underWay = this.#underWay.get(fingerprint);
    if (underWay !== undefined) return underWay;
    const result = this.#slow
      .run(async () => {
        const { hash } = openPassword(await openPrincipalKey(this.sealer, principal), password);
        return secretMatches(secret, hash);
      })
      .finally(() => this.#underWay.delete(fingerprint));
    this.#underWay.set(fingerprint, result);
    return result;
  }

  #fingerprint(principal: PrincipalRow, password: PasswordRow, secret: string): string {
    return createHmac('sha256', this.#hmacKey)
      .update(JSON.stringify([principal.objectId, password.keyId, password.sealed, secret]))
      .digest('base64');
  }
}

function validity(password: PasswordRow, now: number): SecretCheck {
  // Passwords without an end are the installation's own: a clock that was wrong at the first start locks nobody out.
  if (password.endDateTime === undefined) return 'valid';
  if (password.startDateTime.getTime() > now + SKEW_MS) return 'wrong';
  return password.endDateTime.getTime() <= now ? 'expired' : 'valid';
}
