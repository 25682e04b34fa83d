import type { SecretBytes } from '@coffer/kernel';
import type { Curve } from './crypto-provider.js';

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

/** A public EC key inside a signer. */
export interface VerifyingKey {
  /**
   * Whether r ‖ s, each as long as the curve's order, is a signature of a ready digest; algorithm and both lengths fit the key.
   * Throws or rejects with Throttled for overload, ServiceUnavailable after `close`, Internal when it cannot be checked.
   */
  verify(alg: string, digest: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  /** Drops the key; what was asked for before is still answered. */
  release(): void;
}

/** Signs and verifies for a CryptoProvider by other means than its own. Adapter: crypto-native; without one crypto-node does so in JavaScript. */
export interface DigestSigner {
  /** Takes a copy of PKCS#8 DER; `undefined` for a key that it cannot sign with. */
  load(privateKey: SecretBytes): SigningKey | undefined;
  /** Of an uncompressed point (SEC 1, 2.3.3); `undefined` for one that it cannot verify with. */
  loadPublic(curve: Curve, point: Uint8Array): VerifyingKey | undefined;
  /** Rejects what waits, and everything later. */
  close(): void;
}
