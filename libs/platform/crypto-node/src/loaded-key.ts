import { createHmac, createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type {
  AesKey,
  Curve,
  DigestSigner,
  KeyModule,
  MacHash,
  PublicJwk,
  RsaModuleKey,
  SigningKey,
  VerifyingKey,
} from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import { SoftwareAes } from './aes/software.js';
import { curveOfJwk, curves } from './curves.js';
import { contentOf } from './der.js';
import type { PooledKey } from './pool/protocol.js';

/** Keys that live in a hardware module have no private half here. */
export interface LoadedRsaKey {
  readonly kty: 'RSA';
  readonly public: PublicJwk;
  readonly publicKey: KeyObject;
  readonly modulusBytes: number;
  readonly custody: { readonly pooled: PooledKey } | { readonly module: RsaModuleKey };
  /** `undefined`: signatures are made on the pool. */
  readonly signing: SigningKey | undefined;
}

export interface LoadedEcKey {
  readonly kty: 'EC';
  readonly public: PublicJwk;
  readonly crv: Curve;
  readonly privateKey: KeyObject | undefined;
  readonly signing: SigningKey;
  /** `undefined`: signatures are verified on the pool. */
  readonly verifying: VerifyingKey | undefined;
  /** Uncompressed (SEC 1, 2.3.3). */
  readonly point: Uint8Array;
}

export interface LoadedOctKey {
  readonly kty: 'oct';
  readonly public: PublicJwk;
  readonly aes: AesKey;
  readonly mac: (hash: MacHash, bytes: Uint8Array) => Buffer | Promise<Buffer>;
  /** Of 16, 24 or 32 bytes. Node copies bytes into one for each use, which costs four times what AES does; it wipes its own. */
  readonly secretKey: KeyObject | undefined;
  readonly release: () => void;
}

export type LoadedKey = LoadedRsaKey | LoadedEcKey | LoadedOctKey;

const MODULUS_BITS = [2048, 3072, 4096] as const;
const OCT_BITS = [128, 192, 256] as const;
const MAX_PUBLIC_EXPONENT = 0xffff_ffff;

/** FIPS 186-5 wants more than 2^16; smaller odd ones are legal RSA and Key Vault takes them. */
export function isExponent(value: number): boolean {
  return Number.isInteger(value) && value % 2 === 1 && value >= 3 && value <= MAX_PUBLIC_EXPONENT;
}

/** `bits` as a size that RSA keys may have. */
export function modulusSizeOf(bits: number): (typeof MODULUS_BITS)[number] | undefined {
  return MODULUS_BITS.find((known) => known === bits);
}

/** `bits` as a size that oct keys may have. */
export function octSizeOf(bits: number): (typeof OCT_BITS)[number] | undefined {
  return OCT_BITS.find((known) => known === bits);
}

let lastId = 0;

/**
 * PKCS#8 DER → key, which the signer signs and verifies with where there is one. Throws BadParameter for anything that is not one
 * of the key types of `KeySpec`.
 */
export function loadPkcs8(bytes: SecretBytes, signer?: DigestSigner): LoadedKey {
  const privateKey = parse(bytes);
  const publicKey = createPublicKey(privateKey);
  const jwk = publicJwk(publicKey);
  const signing = signer?.load(bytes);
  if (jwk.kty === 'EC') {
    const own = signing ?? inJavaScript(jwk.crv, scalarOf(privateKey));
    const point = pointOf(jwk);
    const verifying = signer?.loadPublic(jwk.crv, point);
    return { kty: 'EC', public: jwk, crv: jwk.crv, privateKey, signing: own, verifying, point };
  }
  lastId += 1;
  const custody = { pooled: { id: lastId, privateKey, released: false } };
  return { kty: 'RSA', public: jwk, publicKey, modulusBytes: modulusBytesOf(publicKey), custody, signing };
}

/** The bytes of an oct key → key. Throws BadParameter for another size. */
export function loadOct(bytes: SecretBytes): LoadedOctKey {
  if (octSizeOf(bytes.length * 8) === undefined) throw unsupported();
  const secretKey = createSecretKey(bytes.expose());
  return {
    kty: 'oct',
    public: { kty: 'oct' },
    aes: new SoftwareAes(secretKey),
    mac: (hash, message) => createHmac(hash, secretKey).update(message).digest(),
    secretKey,
    release: () => undefined,
  };
}

/** A key that the module holds; what the public half is enough for is done here. */
export function loadFromModule(module: KeyModule, bytes: SecretBytes, signer?: DigestSigner): LoadedKey {
  const key = module.load(bytes);
  if (key.kty === 'oct') {
    return {
      kty: 'oct',
      public: { kty: 'oct' },
      aes: key,
      mac: (hash, message) => key.mac(hash, message),
      secretKey: undefined,
      release: () => {
        key.release();
      },
    };
  }
  if (key.kty === 'EC') {
    const { public: jwk } = key;
    const point = pointOf(jwk);
    const verifying = signer?.loadPublic(jwk.crv, point);
    return { kty: 'EC', public: jwk, crv: jwk.crv, privateKey: undefined, signing: key, verifying, point };
  }
  const publicKey = createPublicKey({ key: { ...key.public }, format: 'jwk' });
  const modulusBytes = modulusBytesOf(publicKey);
  return { kty: 'RSA', public: key.public, publicKey, modulusBytes, custody: { module: key }, signing: key };
}

function modulusBytesOf({ asymmetricKeyDetails }: KeyObject): number {
  return (asymmetricKeyDetails?.modulusLength ?? 0) / 8;
}

/** The public half of either half. */
export function publicJwk(publicKey: KeyObject): Exclude<PublicJwk, { kty: 'oct' }> {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type !== 'rsa' && type !== 'ec') throw unsupported();
  if (type === 'rsa' && modulusSizeOf(details?.modulusLength ?? 0) === undefined) throw unsupported();
  const { n = '', e = '', crv, x = '', y = '' } = exported(publicKey);
  if (type === 'rsa') return { kty: 'RSA', n, e };
  const curve = curveOfJwk(crv);
  if (curve === undefined) throw unsupported();
  return { kty: 'EC', crv: curve, x, y };
}

function parse(pkcs8: SecretBytes): KeyObject {
  try {
    return createPrivateKey({ key: pkcs8.expose(), format: 'der', type: 'pkcs8' });
  } catch {
    throw unsupported(); // without the cause: it may quote the input
  }
}

/** Node refuses to export curves that JWK has no name for. */
function exported(publicKey: KeyObject) {
  try {
    return publicKey.export({ format: 'jwk' });
  } catch {
    throw unsupported();
  }
}

function inJavaScript(crv: Curve, scalar: SecretBytes): SigningKey {
  return {
    sign: (_, digest) => bufferOver(curves[crv].sign(digest, scalar.expose())),
    release: () => {
      scalar.destroy();
    },
  };
}

/**
 * The private scalar, big-endian, as long as the curve's order. From ECPrivateKey (RFC 5915), whose OCTET STRING has that
 * fixed length, and not from a JWK: a string cannot be wiped.
 */
export function scalarOf(privateKey: KeyObject): SecretBytes {
  const der = privateKey.export({ format: 'der', type: 'sec1' });
  try {
    // SEQUENCE { INTEGER 1, OCTET STRING privateKey, … }
    const version = contentOf(der, contentOf(der, 0).start);
    const { start, end } = contentOf(der, version.end);
    return SecretBytes.copyOf(der.subarray(start, end));
  } finally {
    der.fill(0);
  }
}

export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function pointOf({ crv, x, y }: Extract<PublicJwk, { kty: 'EC' }>): Uint8Array {
  const { bytes } = curves[crv];
  const point = new Uint8Array(1 + 2 * bytes);
  point[0] = 4;
  point.set(Buffer.from(x, 'base64url'), 1);
  point.set(Buffer.from(y, 'base64url'), 1 + bytes);
  return point;
}

function unsupported(): CofferError {
  return new CofferError(
    'BadParameter',
    'The key is not an RSA key of 2048, 3072 or 4096 bits, an EC key of a supported curve or an oct key of 128, 192 or 256 bits.',
  );
}
