import type { Curve } from '@coffer/contracts';
import { digestInfo, encodePkcs1 } from '../rsa/emsa-pkcs1.js';
import { encodePss, isPssOf } from '../rsa/emsa-pss.js';

/** A signature is the raw RSA private operation on `encode`'s block, which is as long as the modulus. */
export interface RsaSignAlgorithm {
  readonly name: string;
  readonly kty: 'RSA';
  /** Absent: any length from 1 up to 11 bytes less than the modulus. */
  readonly digestBytes?: number;
  encode(digest: Uint8Array, modulusBytes: number): Buffer;
  /** Whether a block that the raw public operation gave is an encoding of the digest. */
  matches(block: Buffer, digest: Uint8Array): boolean;
}

/** ECDSA; a signature is r ‖ s, each as long as the curve's order (RFC 7518 3.4). */
export interface EcSignAlgorithm {
  readonly name: string;
  readonly kty: 'EC';
  readonly crv: Curve;
  readonly digestBytes: number;
}

export type SignAlgorithm = RsaSignAlgorithm | EcSignAlgorithm;

/** Every signature algorithm (azure-api c.2). Names are compared exactly. */
const rows: readonly SignAlgorithm[] = [
  pkcs1('RS256', 32, (digest) => digestInfo('sha256', digest)),
  pkcs1('RS384', 48, (digest) => digestInfo('sha384', digest)),
  pkcs1('RS512', 64, (digest) => digestInfo('sha512', digest)),
  pss('PS256', 32, 'sha256'),
  pss('PS384', 48, 'sha384'),
  pss('PS512', 64, 'sha512'),
  pkcs1('RSNULL', undefined, (bytes) => bytes),
  { name: 'ES256', kty: 'EC', crv: 'P-256', digestBytes: 32 },
  { name: 'ES384', kty: 'EC', crv: 'P-384', digestBytes: 48 },
  { name: 'ES512', kty: 'EC', crv: 'P-521', digestBytes: 64 },
  { name: 'ES256K', kty: 'EC', crv: 'P-256K', digestBytes: 32 },
  // How api-version 2016-10-01 spells ES256K.
  { name: 'ECDSA256', kty: 'EC', crv: 'P-256K', digestBytes: 32 },
];

export const signAlgorithms: ReadonlyMap<string, SignAlgorithm> = new Map(rows.map((row) => [row.name, row]));

function pkcs1(
  name: string,
  digestBytes: number | undefined,
  content: (digest: Uint8Array) => Uint8Array,
): RsaSignAlgorithm {
  return {
    name,
    kty: 'RSA',
    ...(digestBytes === undefined ? {} : { digestBytes }),
    encode: (digest, modulusBytes) => encodePkcs1(content(digest), modulusBytes),
    // There is one encoding only: comparing it whole leaves no parser to be fooled (RFC 8017 8.2.2).
    matches: (block, digest) => encodePkcs1(content(digest), block.length).equals(block),
  };
}

function pss(name: string, digestBytes: number, hash: 'sha256' | 'sha384' | 'sha512'): RsaSignAlgorithm {
  return {
    name,
    kty: 'RSA',
    digestBytes,
    encode: (digest, modulusBytes) => encodePss(hash, digest, modulusBytes),
    matches: (block, digest) => isPssOf(hash, digest, block),
  };
}
