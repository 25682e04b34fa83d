import type { MaterialScope } from '@coffer/contracts';
import { SecretBytes, toUnixSeconds } from '@coffer/kernel';
import {
  destroyReleaseSigningKeysBefore,
  hastenReleaseSigningKey,
  insertReleaseSigningKey,
  selectReleaseSigningKeys,
  type ReleaseSigningKeyRow,
  type SealedReleaseKey,
} from '../postgres/release-signing-key.js';
import type { KeysPorts } from './ports.js';
import { makeReleaseCertificate } from './release-certificate.js';

const DAY = 86_400;
/** Seconds that a key signs. */
const SIGNS_FOR = 365 * DAY;
/** Seconds from a certificate's making to its first answer: time to pin it. */
const NOTICE = 30 * DAY;
/** Seconds after which no instance signs with the key before, be its clock a little late. */
const OVERLAP = 3_600;

const PURPOSE = 'release-signing-key';
/** No vault: the keys are the installation's. */
const scope: MaterialScope = { vaultId: 'release-signing', kind: 'key', objectId: 'release-signing', version: '' };

/** A certificate of a key that signs, will sign, or has signed what release answers. */
export interface ReleaseCertificateView {
  /** DER. */
  readonly certificate: Buffer;
  /** Unix seconds; `until` is absent of the last. */
  readonly from: number;
  readonly until: number | undefined;
}

/**
 * The keys that sign releases, one after another. The first is made when it is needed. A year after a key began to sign, the
 * next takes over, whose certificate was there for a month; the old certificate stays, the old private half does not. All of
 * it is in the database, where instances agree: the first to insert a generation wins.
 */
export class ReleaseKeys {
  constructor(private readonly ports: Pick<KeysPorts, 'database' | 'sealer' | 'clock'>) {}

  /** The key that signs now. */
  async current(): Promise<ReleaseSigningKeyRow & { readonly sealed: SealedReleaseKey }> {
    const row = currentOf(await this.#keys(), this.#now());
    if (row === undefined) throw new Error('no key signs releases: the private halves are gone');
    return row;
  }

  /** The private key (PKCS#8), which the caller destroys. */
  async open({ term, wrappedDek, sealedPrivate }: SealedReleaseKey): Promise<SecretBytes> {
    const dek = await this.ports.sealer.open(scope, { term, wrappedDek });
    return dek.decrypt(sealedPrivate, PURPOSE);
  }

  /** Makes the next key when it is time, and destroys what signs no more. Nothing before the first release. */
  async runDue(): Promise<void> {
    const { database } = this.ports;
    const keys = await selectReleaseSigningKeys(database);
    const [now, last] = [this.#now(), keys.at(-1)];
    if (last === undefined) return;
    const end = last.signsFrom + SIGNS_FOR;
    if (now >= end - NOTICE) await this.#insert(last.generation + 1, Math.max(end, now + NOTICE));
    const current = currentOf(keys, now);
    if (current !== undefined && now >= current.signsFrom + OVERLAP) {
      await destroyReleaseSigningKeysBefore(database, current.generation);
    }
  }

  /**
   * Has a new key sign in `notice` seconds: the one that waits for its time already, or else one that is made. False before
   * the first release, when there is nothing to rotate.
   */
  async rotate(notice: number): Promise<boolean> {
    const { database } = this.ports;
    const last = (await selectReleaseSigningKeys(database)).at(-1);
    if (last === undefined) return false;
    const now = this.#now();
    const isWaiting = last.signsFrom > now;
    if (!isWaiting) await this.#insert(last.generation + 1, now + notice);
    await hastenReleaseSigningKey(database, isWaiting ? last.generation : last.generation + 1, now + notice);
    return true;
  }

  #now(): number {
    return toUnixSeconds(this.ports.clock.now());
  }

  /** At least one. */
  async #keys(): Promise<readonly ReleaseSigningKeyRow[]> {
    const stored = await selectReleaseSigningKeys(this.ports.database);
    if (stored.length > 0) return stored;
    await this.#insert(1, this.#now());
    return selectReleaseSigningKeys(this.ports.database);
  }

  async #insert(generation: number, signsFrom: number): Promise<void> {
    const { certificate, privateKey } = await makeReleaseCertificate(new Date(this.ports.clock.now()));
    try {
      const dek = await this.ports.sealer.mint(scope);
      const sealed = { ...dek.wrapped, sealedPrivate: dek.encrypt(privateKey.expose(), PURPOSE) };
      await insertReleaseSigningKey(this.ports.database, { generation, certificate, signsFrom, sealed });
    } finally {
      privateKey.destroy();
    }
  }
}

/** The newest whose time has come; a clock that was set back finds the oldest that can sign. */
function currentOf(
  keys: readonly ReleaseSigningKeyRow[],
  now: number,
): (ReleaseSigningKeyRow & { readonly sealed: SealedReleaseKey }) | undefined {
  const able = keys.flatMap((key) => (key.sealed === undefined ? [] : [{ ...key, sealed: key.sealed }]));
  return able.findLast(({ signsFrom }) => signsFrom <= now) ?? able[0];
}

/** Every certificate that answers may be under, the one in use first, then later ones, then those of before. */
export async function releaseCertificates(
  database: KeysPorts['database'],
  now: number,
): Promise<readonly ReleaseCertificateView[]> {
  const keys = await selectReleaseSigningKeys(database);
  const views = keys.map(({ certificate, signsFrom }, i) => ({
    certificate,
    from: signsFrom,
    until: keys[i + 1]?.signsFrom,
  }));
  const current = keys.findIndex(({ generation }) => generation === currentOf(keys, now)?.generation);
  return current < 0 ? views : [...views.slice(current), ...views.slice(0, current).reverse()];
}
