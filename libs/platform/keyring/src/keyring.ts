import { randomBytes } from 'node:crypto';
import type { VaultKey, VaultKeySource } from '@coffer/contracts';
import type { Database, SqlClient } from '@coffer/event-sourcing';
import { CofferError, isCofferError, SecretBytes, type Clock } from '@coffer/kernel';
import { aadOf } from './aad.js';
import { AES_KEY_BYTES } from './aes-gcm.js';
import { openRootKey } from './open-root-key.js';
import * as sql from './postgres/keks.js';
import type { KekRow, Purpose } from './postgres/keks.js';
import type { RootKey, RootKeyProvider } from './root-key/root-key.js';
import { VaultKeyCache } from './vault-key-cache.js';

export interface KeyringOptions {
  readonly database: Database;
  readonly rootKey: RootKeyProvider;
  readonly clock: Clock;
  /** KEKs kept in memory. Defaults to 10,000. */
  readonly maxCachedKeys?: number;
  /**
   * Milliseconds for which a KEK is served from memory; how long another process may go on using a term after `rotate`, or
   * the KEKs of a vault after `destroyVault`. Defaults to one minute.
   */
  readonly maxCacheAge?: number;
}

/** The KEKs of all vaults: one per vault, purpose and term, wrapped under the root key (architecture §4). */
export class Keyring {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #cache: VaultKeyCache;
  readonly #maxCacheAge: number;

  private constructor(
    options: KeyringOptions,
    private readonly rootKey: RootKey,
  ) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#maxCacheAge = options.maxCacheAge ?? 60_000;
    const maxKeys = options.maxCachedKeys ?? 10_000;
    this.#cache = new VaultKeyCache({ clock: options.clock, maxKeys, maxAge: this.#maxCacheAge });
  }

  /** Throws KeyringError when the root key cannot be had or is not the database's. */
  static async open(options: KeyringOptions): Promise<Keyring> {
    return new Keyring(options, await openRootKey(options.database, options.rootKey, options.clock));
  }

  /**
   * The KEKs of one purpose. A returned KEK is for use at once: it is wiped when it leaves the cache. Throws
   * ServiceUnavailable when the database cannot be reached, Internal for a KEK that does not exist, no longer exists, or was
   * tampered with. `current` makes a vault's first KEK.
   */
  source(purpose: Purpose): VaultKeySource {
    return {
      current: (vaultId) => this.#cache.get(vaultId, purpose, () => reach(() => this.#loadCurrent(vaultId, purpose))),
      byTerm: (vaultId, term) =>
        this.#cache.get(vaultId, `${purpose}\0${term}`, () => reach(() => this.#loadTerm(vaultId, purpose, term))),
    };
  }

  /** Starts a new term and returns its number. Data keys of older terms still open; re-wrap them (sealer.ts). */
  async rotate(vaultId: string, purpose: Purpose): Promise<number> {
    return this.#changing(vaultId, async (client) => {
      await sql.retireCurrentKek(client, vaultId, purpose, this.#now());
      const { term, key } = await this.#create(client, vaultId, purpose);
      key.destroy();
      return term;
    });
  }

  /**
   * Destroys a retired term: what is still wrapped under it becomes unreadable for good. Throws Conflict for the current
   * term, and for one that another process could still take for current.
   */
  async destroyTerm(vaultId: string, purpose: Purpose, term: number): Promise<void> {
    await this.#changing(vaultId, async (client) => {
      const row = isTerm(term) ? await sql.selectKek(client, vaultId, purpose, term) : undefined;
      if (row === undefined) throw noSuchKek();
      if (row.retired_at === null)
        throw new CofferError('Conflict', 'The current term of a vault cannot be destroyed.');
      // Twice the age: the clocks of two processes need not agree.
      if (this.#clock.now() < row.retired_at.getTime() + 2 * this.#maxCacheAge) {
        throw new CofferError('Conflict', 'The term was retired too recently: another process may still use it.');
      }
      await sql.destroyKek(client, vaultId, purpose, term);
    });
  }

  /** Destroys every KEK of a purged vault; there will be no other for this vaultId. May be repeated. */
  async destroyVault(vaultId: string): Promise<void> {
    await this.#changing(vaultId, async (client) => {
      await sql.insertDestroyedVault(client, vaultId, this.#now());
      await sql.deleteKeksOfVault(client, vaultId);
    });
  }

  /** Wipes the KEKs in memory. */
  close(): void {
    this.#cache.clear();
  }

  async #loadCurrent(vaultId: string, purpose: Purpose): Promise<VaultKey> {
    const row = await sql.selectCurrentKek(this.#database, vaultId, purpose);
    if (row !== undefined) return this.#unwrap(vaultId, purpose, row);
    return this.#database.transaction(async (client) => {
      await sql.lockVault(client, vaultId);
      const others = await sql.selectCurrentKek(client, vaultId, purpose);
      return others === undefined ? this.#create(client, vaultId, purpose) : this.#unwrap(vaultId, purpose, others);
    });
  }

  async #loadTerm(vaultId: string, purpose: Purpose, term: number): Promise<VaultKey> {
    const row = isTerm(term) ? await sql.selectKek(this.#database, vaultId, purpose, term) : undefined;
    if (row === undefined) throw noSuchKek();
    return this.#unwrap(vaultId, purpose, row);
  }

  /** Needs the vault's lock, and no current KEK. */
  async #create(client: SqlClient, vaultId: string, purpose: Purpose): Promise<VaultKey> {
    if (await sql.isDestroyedVault(client, vaultId)) throw noSuchKek();
    const term = (await sql.selectLastTerm(client, vaultId, purpose)) + 1;
    const key = SecretBytes.own(randomBytes(AES_KEY_BYTES));
    const wrapped = await this.rootKey.wrap(key.expose(), kekAad(vaultId, purpose, term));
    await sql.insertCurrentKek(client, { vaultId, purpose, term, wrapped, at: this.#now() });
    return { term, key };
  }

  async #unwrap(vaultId: string, purpose: Purpose, { term, wrapped }: KekRow): Promise<VaultKey> {
    if (wrapped === null) throw noSuchKek();
    return { term, key: await this.rootKey.unwrap(wrapped, kekAad(vaultId, purpose, term)) };
  }

  /** A transaction alone with the vault's KEKs; whatever its outcome, memory is read again afterwards. */
  async #changing<T>(vaultId: string, work: (client: SqlClient) => Promise<T>): Promise<T> {
    try {
      return await reach(() =>
        this.#database.transaction(async (client) => {
          await sql.lockVault(client, vaultId);
          return work(client);
        }),
      );
    } finally {
      this.#cache.invalidate(vaultId);
    }
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }
}

function kekAad(vaultId: string, purpose: Purpose, term: number): Buffer {
  return aadOf('coffer/kek/1', vaultId, purpose, String(term));
}

/** Anything else would be refused by the database, and look like a fault of it. */
function isTerm(term: number): boolean {
  return Number.isInteger(term) && term > 0 && term < 2 ** 31;
}

function noSuchKek(): CofferError {
  return new CofferError('Internal', 'The KEK does not exist or has been destroyed.');
}

/** Turns faults of the database into ServiceUnavailable. */
async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isCofferError(error)) throw error;
    throw new CofferError('ServiceUnavailable', 'The KEKs cannot be reached.', {}, { cause: error });
  }
}
