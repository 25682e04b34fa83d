import { constants } from 'node:crypto';
import type { RsaOpening } from '@coffer/contracts';
import { PKCS1_OVERHEAD } from '../rsa/emsa-pkcs1.js';

/** Encryption of one block with an RSA key. */
export interface RsaEncryptAlgorithm {
  readonly name: RsaOpening;
  readonly kty: 'RSA';
  readonly padding: number;
  /** Hash of OAEP and of its MGF1. */
  readonly oaepHash?: string;
  /** Bytes by which the plaintext must be shorter than the modulus (RFC 8017 7.1.1, 7.2.1). */
  readonly overhead: number;
}

const rsa1_5 = { kty: 'RSA', padding: constants.RSA_PKCS1_PADDING, overhead: PKCS1_OVERHEAD } as const;
const oaep = (oaepHash: string, hashBytes: number) =>
  ({ kty: 'RSA', padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash, overhead: 2 * hashBytes + 2 }) as const;

/** Every algorithm of `encrypt` and `decrypt` (azure-api c.2). */
export const encryptAlgorithms = table([
  { name: 'RSA1_5', ...rsa1_5 },
  { name: 'RSA-OAEP', ...oaep('sha1', 20) },
  { name: 'RSA-OAEP-256', ...oaep('sha256', 32) },
]);

/** Every algorithm of `wrapKey` and `unwrapKey` (azure-api c.2). */
export const wrapAlgorithms = table([
  { name: 'RSA1_5', ...rsa1_5 },
  { name: 'RSA-OAEP', ...oaep('sha1', 20) },
  { name: 'RSA-OAEP-256', ...oaep('sha256', 32) },
]);

function table(rows: readonly RsaEncryptAlgorithm[]): ReadonlyMap<string, RsaEncryptAlgorithm> {
  return new Map(rows.map((row) => [row.name, row]));
}
