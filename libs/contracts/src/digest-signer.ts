import type { SecretBytes } from '@coffer/kernel';

/** A private key inside a signer: usable, not readable. */
export interface SigningKey {
  /**
   * Signs a ready digest whose algorithm and length fit the key (RFC 7518; RSNULL, ECDSA256 as Key Vault has them). Throws or
   * rejects with Throttled for overload, ServiceUnavailable after `close`, Internal when the signature cannot be made.
   */
  sign(alg: string, digest: Uint8Array): Buffer | Promise<Buffer>;
  /** Drops the key; signatures that were asked for before are still made. */
  release(): void;
}

/** Signs for a CryptoProvider by other means than its own. Adapter: crypto-native; without one crypto-node signs in JavaScript. */
export interface DigestSigner {
  /** Takes a copy of PKCS#8 DER; `undefined` for a key that it cannot sign with. */
  load(privateKey: SecretBytes): SigningKey | undefined;
  /** Rejects what waits, and everything later. */
  close(): void;
}
