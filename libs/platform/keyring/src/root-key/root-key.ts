import { createSecretKey } from 'node:crypto';
import { CofferError, SecretBytes } from '@coffer/kernel';
import { gcmDecrypt, gcmEncrypt } from '../aes-gcm.js';

/** Public facts, stored beside the check value and handed back at the next start. */
export type RootKeyParameters = Readonly<Record<string, string | number>>;

/** The key above all KEKs: usable, not readable. An HSM would do the same two operations inside. */
export interface RootKey {
  wrap(plaintext: Uint8Array, aad: Uint8Array): Promise<Buffer>;
  /** Throws Internal when bytes, AAD or key are not those of the wrapping. */
  unwrap(wrapped: Uint8Array, aad: Uint8Array): Promise<SecretBytes>;
}

/** Where the root key comes from. Both methods throw KeyringError when it cannot be had. */
export interface RootKeyProvider {
  /** Stored with the database: another kind of provider is told apart from a wrong key. */
  readonly kind: string;
  /** For a database without KEKs: makes the key, or takes one that the operator has put in place. */
  create(): Promise<{ readonly rootKey: RootKey; readonly parameters: RootKeyParameters }>;
  /** For a database that has been set up; never makes a key. */
  open(parameters: RootKeyParameters): Promise<RootKey>;
}

/** A root key in this process's memory: AES-256-GCM. Wipes `bytes` (32). */
export function localRootKey(bytes: Buffer): RootKey {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return {
    wrap: (plaintext, aad) => Promise.resolve(gcmEncrypt(key, plaintext, aad)),
    unwrap: (wrapped, aad) => {
      const plaintext = gcmDecrypt(key, wrapped, aad);
      if (plaintext !== undefined) return Promise.resolve(SecretBytes.own(plaintext));
      return Promise.reject(new CofferError('Internal', 'A wrapped key could not be unwrapped.'));
    },
  };
}
