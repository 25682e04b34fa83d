import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { DataKey, MaterialScope, Sealer, VaultKey, VaultKeySource, WrappedDataKey } from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import { aadOf } from './aad.js';
import { AES_KEY_BYTES, gcmDecrypt, gcmEncrypt } from './aes-gcm.js';

/** A sealer that can also move data keys to the current term. */
export interface RewrappingSealer extends Sealer {
  /** The same data key wrapped under the vault's current KEK; `wrapped` itself when it already is. Throws as `open`. */
  rewrap(scope: MaterialScope, wrapped: WrappedDataKey): Promise<WrappedDataKey>;
}

/** Envelope encryption (architecture §4): DEKs wrapped under the KEKs of `source`, AES-256-GCM throughout. */
export function createSealer(source: VaultKeySource): RewrappingSealer {
  const importer = new KekImporter();
  const openDek = async (scope: MaterialScope, { term, wrappedDek }: WrappedDataKey): Promise<Buffer> => {
    const kek = importer.keyOf(await source.byTerm(scope.vaultId, term));
    const dek = gcmDecrypt(kek, wrappedDek, dekAad(scope, term));
    if (dek === undefined) throw new CofferError('Internal', 'A wrapped data key could not be opened.');
    return dek;
  };
  const wrapDek = async (scope: MaterialScope, dek: Buffer): Promise<WrappedDataKey> => {
    const vaultKey = await source.current(scope.vaultId);
    const { term } = vaultKey;
    return { term, wrappedDek: gcmEncrypt(importer.keyOf(vaultKey), dek, dekAad(scope, term)) };
  };
  return {
    mint: async (scope) => {
      const dek = randomBytes(AES_KEY_BYTES);
      try {
        return dataKey(scope, await wrapDek(scope, dek), createSecretKey(dek));
      } finally {
        dek.fill(0);
      }
    },
    open: async (scope, wrapped) => {
      const dek = await openDek(scope, wrapped);
      const key = createSecretKey(dek);
      dek.fill(0);
      return dataKey(scope, wrapped, key);
    },
    rewrap: async (scope, wrapped) => {
      if ((await source.current(scope.vaultId)).term === wrapped.term) return wrapped;
      const dek = await openDek(scope, wrapped);
      try {
        return await wrapDek(scope, dek);
      } finally {
        dek.fill(0);
      }
    },
  };
}

/** Importing a key costs more than decrypting with it: a KEK is imported once for as long as its source keeps it. */
class KekImporter {
  readonly #imported = new WeakMap<VaultKey, KeyObject>();

  keyOf(vaultKey: VaultKey): KeyObject {
    const known = this.#imported.get(vaultKey);
    if (known !== undefined) return known;
    const key = createSecretKey(vaultKey.key.expose());
    this.#imported.set(vaultKey, key);
    return key;
  }
}

function dataKey(scope: MaterialScope, wrapped: WrappedDataKey, key: KeyObject): DataKey {
  const known = new Map<string, Buffer>();
  const aad = (purpose: string): Buffer => {
    const made = known.get(purpose) ?? aadOf('coffer/data/1', ...fieldsOf(scope), purpose);
    known.set(purpose, made);
    return made;
  };
  return {
    wrapped,
    encrypt: (plaintext, purpose) => gcmEncrypt(key, plaintext, aad(purpose)),
    decrypt: (ciphertext, purpose) => {
      const plaintext = gcmDecrypt(key, ciphertext, aad(purpose));
      if (plaintext === undefined) throw new CofferError('Internal', 'Sealed data could not be opened.');
      return SecretBytes.own(plaintext);
    },
  };
}

function dekAad(scope: MaterialScope, term: number): Buffer {
  return aadOf('coffer/dek/1', ...fieldsOf(scope), String(term));
}

function fieldsOf({ vaultId, kind, objectId, version }: MaterialScope): readonly string[] {
  return [vaultId, kind, objectId, version];
}
