import type { SecretBytes } from '@coffer/kernel';

export type KeySpec =
  | { readonly kty: 'RSA'; readonly keySize: 2048 | 3072 | 4096; readonly publicExponent: number }
  | { readonly kty: 'EC'; readonly crv: Curve };

export type Curve = 'P-256' | 'P-384' | 'P-521' | 'P-256K';

/** Public half of a key (RFC 7517); members are base64url without padding. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: Curve; readonly x: string; readonly y: string };

/** A private key inside the provider: usable, not readable. */
export interface KeyHandle {
  readonly public: PublicJwk;
}

/** Does the cryptography of `/keys`. Adapters: crypto-node; later PKCS#11 and a native addon. All pass the same vectors. */
export interface CryptoProvider {
  /** Makes a key off the event loop. `privateKey` is PKCS#8 DER. */
  generate(spec: KeySpec): Promise<{ readonly public: PublicJwk; readonly privateKey: SecretBytes }>;
  /** Imports PKCS#8 DER; the caller destroys `privateKey` afterwards. */
  load(privateKey: SecretBytes): KeyHandle;
  /** Drops what the provider holds for the handle. */
  release(handle: KeyHandle): void;
  /** Signs a ready digest. `alg` as on the wire; unknown, of another key type, or a digest of the wrong length: BadParameter. Overload: Throttled. */
  sign(handle: KeyHandle, alg: string, digest: Uint8Array): Promise<Buffer>;
  /** False for any signature that does not fit, whatever the reason. */
  verify(handle: KeyHandle, alg: string, digest: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** Encrypts one block. Too long for the key: BadParameter. */
  encrypt(handle: KeyHandle, alg: string, plaintext: Uint8Array): Promise<Buffer>;
  /** One answer (BadParameter, same text) for every failure: no padding oracle. */
  decrypt(handle: KeyHandle, alg: string, ciphertext: Uint8Array): Promise<SecretBytes>;
  wrapKey(handle: KeyHandle, alg: string, key: Uint8Array): Promise<Buffer>;
  unwrapKey(handle: KeyHandle, alg: string, wrapped: Uint8Array): Promise<SecretBytes>;
  close(): Promise<void>;
}
