import type { MacHash } from '@coffer/contracts';
import { CKG_MGF1, CKM, CKZ_DATA_SPECIFIED, PARAMS } from './cryptoki/constants.js';
import type { MechanismOf } from './protocol.js';

/** How a signature is made: what the module is given is `prefix` ‖ digest. */
export interface SignatureRow {
  readonly mechanism: MechanismOf;
  readonly prefix?: Buffer;
}

const hashes = {
  sha1: { hashAlg: CKM.SHA_1, mgf: CKG_MGF1.SHA1 },
  sha256: { hashAlg: CKM.SHA256, mgf: CKG_MGF1.SHA256 },
  sha384: { hashAlg: CKM.SHA384, mgf: CKG_MGF1.SHA384 },
  sha512: { hashAlg: CKM.SHA512, mgf: CKG_MGF1.SHA512 },
} as const;

/** `digestInfo`: DER of DigestInfo up to the digest (RFC 8017 9.2, note 1). */
function pkcs1(digestInfo?: string): SignatureRow {
  const mechanism = { mechanism: CKM.RSA_PKCS };
  return digestInfo === undefined ? { mechanism } : { mechanism, prefix: Buffer.from(digestInfo, 'hex') };
}

/** MGF1 over the same hash, a salt as long as the hash (RFC 7518 3.5). */
function pss(hash: MacHash, saltLen: number): SignatureRow {
  return { mechanism: { mechanism: CKM.RSA_PKCS_PSS, parameter: { type: PARAMS.RSA_PSS, ...hashes[hash], saltLen } } };
}

const ecdsa: SignatureRow = { mechanism: { mechanism: CKM.ECDSA } };

/** Algorithms as on the wire. */
export const signatureRows: ReadonlyMap<string, SignatureRow> = new Map([
  ['RS256', pkcs1('3031300d060960864801650304020105000420')],
  ['RS384', pkcs1('3041300d060960864801650304020205000430')],
  ['RS512', pkcs1('3051300d060960864801650304020305000440')],
  ['RSNULL', pkcs1()],
  ['PS256', pss('sha256', 32)],
  ['PS384', pss('sha384', 48)],
  ['PS512', pss('sha512', 64)],
  ...['ES256', 'ES384', 'ES512', 'ES256K', 'ECDSA256'].map((name) => [name, ecdsa] as const),
]);

export const rsaPkcs: MechanismOf = { mechanism: CKM.RSA_PKCS };
export const rsaRaw: MechanismOf = { mechanism: CKM.RSA_X_509 };

export function oaep(hash: 'sha1' | 'sha256'): MechanismOf {
  const parameter = { type: PARAMS.RSA_OAEP, ...hashes[hash], source: CKZ_DATA_SPECIFIED };
  return { mechanism: CKM.RSA_PKCS_OAEP, parameter };
}

export const macs: Readonly<Record<MacHash, MechanismOf>> = {
  sha256: { mechanism: CKM.SHA256_HMAC },
  sha384: { mechanism: CKM.SHA384_HMAC },
  sha512: { mechanism: CKM.SHA512_HMAC },
};

export function gcm(iv: Uint8Array, aad: Uint8Array | undefined): MechanismOf {
  const fixed = { type: PARAMS.AES_GCM_V240, iv, ivBits: iv.length * 8, tagBits: 128 };
  return { mechanism: CKM.AES_GCM, parameter: aad === undefined || aad.length === 0 ? fixed : { ...fixed, aad } };
}

export function cbc(iv: Uint8Array): MechanismOf {
  return { mechanism: CKM.AES_CBC, parameter: iv };
}
