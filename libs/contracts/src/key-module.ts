import type { SecretBytes } from '@coffer/kernel';
import type { KeySpec, NewKey, PublicJwk } from './crypto-provider.js';
import type { SigningKey } from './digest-signer.js';

/** Algorithms that open a block with an RSA key. */
export type RsaOpening = 'RSA1_5' | 'RSA-OAEP' | 'RSA-OAEP-256';

/**
 * What a hardware security module does for a CryptoProvider: it makes and holds the private keys of the `-HSM` types. All that
 * comes in has been checked. Everything that asks the module rejects with Throttled for overload, ServiceUnavailable while the
 * module cannot be used, BadParameter for what the module is not able to do. Adapter: crypto-pkcs11.
 */
export interface KeyModule {
  /** Makes a key inside; its `privateKey` can be opened by this module alone. */
  generate(spec: KeySpec): Promise<NewKey>;
  /** Takes a software key in; the caller destroys it. */
  import(key: NewKey): Promise<NewKey>;
  /** Makes no call: the module is asked when the key is used. The caller destroys `privateKey` afterwards. */
  load(privateKey: SecretBytes): ModuleKey;
  close(): Promise<void>;
}

export type ModuleKey = RsaModuleKey | EcModuleKey | OctModuleKey;

export interface RsaModuleKey extends SigningKey {
  readonly kty: 'RSA';
  readonly public: Extract<PublicJwk, { kty: 'RSA' }>;
  /**
   * Opens a block as long as the modulus; `undefined` when it does not open. RSA1_5 does not fail on wrong padding: it then
   * gives bytes that depend on key and block.
   */
  decrypt(alg: RsaOpening, block: Uint8Array): Promise<SecretBytes | undefined>;
}

export interface EcModuleKey extends SigningKey {
  readonly kty: 'EC';
  readonly public: Extract<PublicJwk, { kty: 'EC' }>;
}

export interface OctModuleKey extends AesKey {
  readonly kty: 'oct';
  mac(hash: MacHash, bytes: Uint8Array): Promise<Buffer>;
  release(): void;
}

export type MacHash = 'sha256' | 'sha384' | 'sha512';

/** AES with one key, in software or in a module; lengths and paddings are the caller's affair. */
export interface AesKey {
  /** 16, 24 or 32. */
  readonly bytes: number;
  /** Ciphertext and tag of 16 bytes; `iv` of 12. */
  sealGcm(iv: Uint8Array, aad: Uint8Array | undefined, plaintext: Uint8Array): Awaitable<GcmSealed>;
  /** `undefined` when it is not authentic. */
  openGcm(
    iv: Uint8Array,
    aad: Uint8Array | undefined,
    value: Uint8Array,
    tag: Uint8Array,
  ): Awaitable<Buffer | undefined>;
  /** CBC of whole blocks. */
  sealCbc(iv: Uint8Array, blocks: Uint8Array): Awaitable<Buffer>;
  openCbc(iv: Uint8Array, blocks: Uint8Array): Awaitable<Buffer>;
  /** RFC 3394, or RFC 5649. */
  wrap(mode: KeyWrapMode, key: Uint8Array): Awaitable<Buffer>;
  /** `undefined` for what was not wrapped under this key. */
  unwrap(mode: KeyWrapMode, wrapped: Uint8Array): Awaitable<Buffer | undefined>;
}

export interface GcmSealed {
  readonly value: Buffer;
  readonly tag: Buffer;
}

export type KeyWrapMode = 'kw' | 'kwp';

type Awaitable<T> = T | Promise<T>;
