import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { SecretBytes } from '@coffer/kernel';
import { notDecryptable, wrongLength } from '../refusals.js';

export interface KeyWrap {
  /** How the names of OpenSSL's ciphers end. */
  readonly mode: 'wrap' | 'wrap-pad';
  /** Initial value, which unwrapping finds again. */
  readonly iv: Uint8Array;
  /** What a key to wrap must be, in words. */
  readonly rule: string;
  readonly fits: (length: number) => boolean;
  readonly fitsWrapped: (length: number) => boolean;
}

/** AES Key Wrap (RFC 3394 2.2): two or more half-blocks. */
export const kw: KeyWrap = {
  mode: 'wrap',
  iv: Buffer.alloc(8, 0xa6),
  rule: 'a multiple of 8 bytes, at least 16',
  fits: (length) => length >= 16 && length % 8 === 0,
  fitsWrapped: (length) => length >= 24 && length % 8 === 0,
};

/** AES Key Wrap with Padding (RFC 5649 3): any length but nothing. */
export const kwp: KeyWrap = {
  mode: 'wrap-pad',
  iv: Buffer.from('a65959a6', 'hex'),
  rule: 'at least 1 byte',
  fits: (length) => length >= 1,
  fitsWrapped: (length) => length >= 16 && length % 8 === 0,
};

/** Throws BadParameter. */
export function wrap(row: KeyWrap, kek: KeyObject, key: Uint8Array, alg: string): Buffer {
  if (!row.fits(key.length)) throw wrongLength('value', key.length, alg, row.rule);
  // The whole of it in one call: OpenSSL's wrap ciphers keep nothing between two.
  return createCipheriv(cipherOf(row, kek), kek, row.iv).update(key);
}

/** Throws BadParameter with one text for whatever was not wrapped under this key. */
export function unwrap(row: KeyWrap, kek: KeyObject, wrapped: Uint8Array): SecretBytes {
  if (!row.fitsWrapped(wrapped.length)) throw notDecryptable();
  try {
    return SecretBytes.own(createDecipheriv(cipherOf(row, kek), kek, row.iv).update(wrapped));
  } catch {
    throw notDecryptable();
  }
}

function cipherOf({ mode }: KeyWrap, { symmetricKeySize = 0 }: KeyObject): string {
  return `id-aes${symmetricKeySize * 8}-${mode}`;
}
