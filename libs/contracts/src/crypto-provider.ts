import type { SecretBytes } from '@coffer/kernel';

export type KeySpec = Custody &
  (
    | { readonly kty: 'RSA'; readonly keySize: 2048 | 3072 | 4096; readonly publicExponent: number }
    | { readonly kty: 'EC'; readonly crv: Curve }
    | { readonly kty: 'oct'; readonly keySize: 128 | 192 | 256 }
  );

/** Where a private key lives. */
export interface Custody {
  /** In a hardware security module (the `-HSM` types); absent: in software. */
  readonly hsm?: true | undefined;
}

export type Curve = 'P-256' | 'P-384' | 'P-521' | 'P-256K';

/** Public half of a key (RFC 7517); members are base64url without padding. A symmetric key has none but its type. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: Curve; readonly x: string; readonly y: string }
  | { readonly kty: 'oct' };

/** How private key bytes are written: PKCS#8 DER (RSA, EC), the key itself (oct), or what a hardware module alone can open. */
export type KeyFormat = 'pkcs8' | 'raw' | 'module';

/** The format that such keys are generated, stored and loaded in. */
export function keyFormatOf({ kty, hsm }: Pick<KeySpec, 'kty' | 'hsm'>): KeyFormat {
  if (hsm === true) return 'module';
  return kty === 'oct' ? 'raw' : 'pkcs8';
}

/** What AES asks for besides key and text: `iv` of CBC, `aad` of GCM. Absent for RSA. */
export interface CipherParameters {
  readonly iv?: Uint8Array | undefined;
  readonly aad?: Uint8Array | undefined;
}

/** Of GCM, `iv` and `tag` are needed to decrypt. */
export interface DecipherParameters extends CipherParameters {
  readonly tag?: Uint8Array | undefined;
}

/** What encryption gives; `iv` of AES only, `tag` (16 bytes) of GCM only. */
export interface Ciphertext {
  readonly value: Buffer;
  readonly iv?: Uint8Array;
  readonly tag?: Uint8Array;
}

/** A private key that somebody brings (RFC 7517), its members decoded: unsigned, big-endian. The caller wipes them. */
export type PrivateJwk =
  | { readonly kty: 'RSA'; readonly members: Readonly<Record<RsaMember, Uint8Array>> }
  | { readonly kty: 'EC'; readonly crv: Curve; readonly members: Readonly<Record<EcMember, Uint8Array>> }
  | { readonly kty: 'oct'; readonly members: Readonly<Record<OctMember, Uint8Array>> };

export type RsaMember = 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi';
export type EcMember = 'x' | 'y' | 'd';
export type OctMember = 'k';

/** Types of keys that can be brought wrapped. */
export type TransferableType = 'RSA' | 'EC';

/** A private key that was made or brought. */
export interface NewKey {
  readonly spec: KeySpec;
  readonly public: PublicJwk;
  /** In the format of its kind (`keyFormatOf`). */
  readonly privateKey: SecretBytes;
}

/** A private key inside the provider: usable, not readable. */
export interface KeyHandle {
  readonly public: PublicJwk;
  /** Bits of an oct key, whose public half does not tell them. */
  readonly keySize?: number;
}

/** The public RSA key that a released key is wrapped to (RFC 7518 §6.3.1). */
export type RecipientJwk = Pick<Extract<PublicJwk, { kty: 'RSA' }>, 'n' | 'e'>;

/**
 * How a key leaves: RSA-OAEP of an ephemeral AES-256 key ‖ AES-KWP (RFC 5649) of the private key in its type's format.
 * They differ in the hash of OAEP and of its MGF1: SHA-1 (PKCS #11's name), SHA-256, SHA-384.
 */
export const exportWraps = ['CKM_RSA_AES_KEY_WRAP', 'RSA_AES_KEY_WRAP_256', 'RSA_AES_KEY_WRAP_384'] as const;
export type ExportWrap = (typeof exportWraps)[number];

/** Does the cryptography of `/keys`. Adapter: crypto-node, by itself, or with a DigestSigner and a KeyModule, with the same vectors. */
export interface CryptoProvider {
  /** Whether keys can live in a hardware module. Without one, whatever needs it is refused with ServiceUnavailable. */
  readonly hardware: boolean;
  /** Makes a key off the event loop. */
  generate(spec: KeySpec): Promise<NewKey>;
  /**
   * Takes a key that was made elsewhere. Weak, malformed, or with members that do not belong together: BadParameter that
   * names the member, never its value. Overload: Throttled.
   */
  import(jwk: PrivateJwk, custody?: Custody): Promise<NewKey>;
  /**
   * Takes an RSA or EC key that was wrapped to the RSA key behind the handle: RSA-OAEP (SHA-1) of an AES-256 key ‖ AES-KWP of
   * the key's PKCS#8 DER (`CKM_RSA_AES_KEY_WRAP`); checked like any key that is brought. One answer (BadParameter, same text)
   * for whatever does not open; what opens and is no good, or not of the type: BadParameter that says why.
   */
  importWrapped(handle: KeyHandle, wrapped: Uint8Array, kty: TransferableType, custody?: Custody): Promise<NewKey>;
  /** Loads a private key, by default PKCS#8 DER; the caller destroys `privateKey` afterwards. */
  load(privateKey: SecretBytes, format?: KeyFormat): KeyHandle;
  /** Drops what the provider holds for the handle. */
  release(handle: KeyHandle): void;
  /** Signs a ready digest; HS* authenticate bytes of any length. `alg` as on the wire; unknown, of another key type, or a digest of the wrong length: BadParameter. Overload: Throttled. */
  sign(handle: KeyHandle, alg: string, digest: Uint8Array): Promise<Buffer>;
  /** False for any signature that does not fit, whatever the reason. */
  verify(handle: KeyHandle, alg: string, digest: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /**
   * Encrypts; with RSA one block. A length that does not fit and missing or superfluous parameters: BadParameter. The iv
   * of GCM is made here, the one of CBC where none is given.
   */
  encrypt(handle: KeyHandle, alg: string, plaintext: Uint8Array, parameters?: CipherParameters): Promise<Ciphertext>;
  /** One answer (BadParameter, same text) for every ciphertext that does not decrypt: no padding oracle. */
  decrypt(
    handle: KeyHandle,
    alg: string,
    ciphertext: Uint8Array,
    parameters?: DecipherParameters,
  ): Promise<SecretBytes>;
  wrapKey(handle: KeyHandle, alg: string, key: Uint8Array): Promise<Buffer>;
  unwrapKey(handle: KeyHandle, alg: string, wrapped: Uint8Array): Promise<SecretBytes>;
  /**
   * The private key for a recipient alone; its plaintext stays in here and is wiped. A recipient's key that is malformed, or
   * not of 2048 to 8192 bits, or a key in a hardware module: BadParameter.
   */
  exportWrapped(handle: KeyHandle, recipient: RecipientJwk, wrap: ExportWrap): Promise<Buffer>;
  /** Bytes of the provider's own random generator. */
  randomBytes(count: number): Buffer;
  close(): Promise<void>;
}
