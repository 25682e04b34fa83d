import { createPrivateKey, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';
import type { MaterialScope } from '@coffer/contracts';
import { identityVaultId } from '@coffer/identity-domain';
import { calculateJwkThumbprint, type JSONWebKeySet, type JWK } from 'jose';
import {
  deleteSigningKeysBelow,
  insertSigningKey,
  selectSigningKeys,
  type SigningKeyRow,
} from '../postgres/signing-keys.js';
import type { IdentityPorts } from './ports.js';

const generate = promisify(generateKeyPair);

const ALGORITHM = 'RS256';
const MODULUS_BITS = 2048;
const DAY_SECONDS = 86_400;
const PRIVATE_KEY = 'signing-key';
/** Tokens are accepted a little after they end (clock skew of verifiers). */
const SKEW_SECONDS = 600;
/** How long this process goes on without looking for keys that another instance has made. */
const LOOK_AGAIN_MS = 60_000;

/** The issuer's keys as of one look; the same object for as long as nothing changes. */
export interface SigningKeySet {
  /** Published keys: the one that signs, those that signed tokens still alive, and the next. */
  readonly published: JSONWebKeySet;
  /** The same keys with their private halves. */
  readonly privateKeys: readonly JWK[];
  /** Key that signs now. */
  readonly kid: string;
}

type Ports = Pick<
  IdentityPorts,
  'database' | 'sealer' | 'clock' | 'tokenLifetimeSeconds' | 'signingKeyPeriodSeconds' | 'signingKeyLeadSeconds'
>;

/**
 * The RSA keys that sign tokens. Key n signs from its `active_from` until key n + 1 takes over, which is published some time
 * before, so that verifiers elsewhere know it; a key goes when no token of it can be alive. Private halves are sealed.
 * Instances over one database agree on the keys: the first to insert a number wins.
 */
export class SigningKeys {
  readonly #listeners: (() => void)[] = [];
  readonly #private = new Map<string, JWK>();
  #current: { readonly set: SigningKeySet; readonly until: number; readonly lookAt: number } | undefined;
  #looking: Promise<SigningKeySet> | undefined;

  constructor(private readonly ports: Ports) {}

  /** Throws ServiceUnavailable when keys cannot be read or made. */
  get(options: { readonly refresh: boolean } = { refresh: false }): Promise<SigningKeySet> {
    const { clock } = this.ports;
    const known = this.#current;
    const fresh = known !== undefined && clock.now() < known.until && clock.monotonic() < known.lookAt;
    if (fresh && !options.refresh) return Promise.resolve(known.set);
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Called when the published keys have changed. */
  onRotation(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async #look(): Promise<SigningKeySet> {
    const { database, clock } = this.ports;
    let rows = await selectSigningKeys(database);
    const next = this.#missing(rows, clock.now());
    if (next !== undefined) {
      await insertSigningKey(database, await this.#newKey(next.number, next.activeFrom));
      rows = await selectSigningKeys(database);
    }
    const now = clock.now();
    const active = rows.findLast((row) => row.activeFrom.getTime() <= now) ?? rows[0];
    if (active === undefined) throw new Error('the issuer has no signing key');
    rows = await this.#withoutOutlived(rows, active, now);
    const set = await this.#toSet(rows, active.kid);
    const following = rows.find((row) => row.number === active.number + 1);
    const until = following?.activeFrom.getTime() ?? active.activeFrom.getTime() + this.#leadFrom();
    const unchanged = this.#current !== undefined && sameKeys(this.#current.set, set);
    const kept = unchanged && this.#current !== undefined ? this.#current.set : set;
    const hadKeys = this.#current !== undefined;
    this.#current = { set: kept, until, lookAt: clock.monotonic() + LOOK_AGAIN_MS };
    if (hadKeys && !unchanged) for (const listener of this.#listeners) listener();
    return kept;
  }

  /** The key that should exist by now and does not. */
  #missing(rows: readonly SigningKeyRow[], now: number): { number: number; activeFrom: Date } | undefined {
    const last = rows.at(-1);
    if (last === undefined) return { number: 1, activeFrom: new Date(now) };
    if (now < last.activeFrom.getTime() + this.#leadFrom()) return undefined;
    // After a long stop the old key signs on for the lead time, so that nobody meets an unknown key.
    const planned = last.activeFrom.getTime() + this.#period();
    return { number: last.number + 1, activeFrom: new Date(Math.max(planned, now + this.#lead())) };
  }

  async #withoutOutlived(
    rows: readonly SigningKeyRow[],
    active: SigningKeyRow,
    now: number,
  ): Promise<readonly SigningKeyRow[]> {
    const lifetime = ((this.ports.tokenLifetimeSeconds ?? 3600) + SKEW_SECONDS) * 1000;
    if (now < active.activeFrom.getTime() + lifetime) return rows;
    const kept = rows.filter((row) => row.number >= active.number);
    if (kept.length < rows.length) await deleteSigningKeysBelow(this.ports.database, active.number);
    return kept;
  }

  async #newKey(number: number, activeFrom: Date): Promise<SigningKeyRow> {
    const { privateKey } = await generate('rsa', { modulusLength: MODULUS_BITS, publicExponent: 0x10001 });
    const { n = '', e = '' } = privateKey.export({ format: 'jwk' });
    const kid = await calculateJwkThumbprint({ kty: 'RSA', n, e });
    const key = await this.ports.sealer.mint(scopeOf(number));
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    const sealedPrivate = key.encrypt(der, PRIVATE_KEY);
    der.fill(0);
    const publicJwk: JWK = { kty: 'RSA', n, e, kid, alg: ALGORITHM, use: 'sig' };
    return { number, kid, publicJwk, activeFrom, ...key.wrapped, sealedPrivate };
  }

  async #toSet(rows: readonly SigningKeyRow[], kid: string): Promise<SigningKeySet> {
    const privateKeys: JWK[] = [];
    for (const row of rows) privateKeys.push(await this.#privateKey(row));
    return { published: { keys: rows.map((row) => row.publicJwk) }, privateKeys, kid };
  }

  async #privateKey(row: SigningKeyRow): Promise<JWK> {
    const known = this.#private.get(row.kid);
    if (known !== undefined) return known;
    const { term, wrappedDek } = row;
    const key = await this.ports.sealer.open(scopeOf(row.number), { term, wrappedDek });
    const der = key.decrypt(row.sealedPrivate, PRIVATE_KEY);
    const jwk: JsonWebKey = createPrivateKey({ key: der.expose(), format: 'der', type: 'pkcs8' }).export({
      format: 'jwk',
    });
    der.destroy();
    const full = { ...jwk, kid: row.kid, alg: ALGORITHM, use: 'sig' } as JWK;
    this.#private.set(row.kid, full);
    return full;
  }

  #period(): number {
    return (this.ports.signingKeyPeriodSeconds ?? 30 * DAY_SECONDS) * 1000;
  }

  #lead(): number {
    return (this.ports.signingKeyLeadSeconds ?? DAY_SECONDS) * 1000;
  }

  /** Milliseconds after its start at which a key needs a successor. */
  #leadFrom(): number {
    return Math.max(0, this.#period() - this.#lead());
  }
}

function scopeOf(number: number): MaterialScope {
  return { vaultId: identityVaultId, kind: 'identity', objectId: `signing-key-${number}`, version: '' };
}

function sameKeys(a: SigningKeySet, b: SigningKeySet): boolean {
  const kids = ({ published }: SigningKeySet) => published.keys.map((key) => key.kid).join();
  return a.kid === b.kid && kids(a) === kids(b);
}
