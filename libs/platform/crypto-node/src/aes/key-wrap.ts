import type { AesKey, KeyWrapMode } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';
import { notDecryptable, wrongLength } from '../refusals.js';

export interface KeyWrap {
  readonly mode: KeyWrapMode;
  /** What a key to wrap must be, in words. */
  readonly rule: string;
  readonly fits: (length: number) => boolean;
  readonly fitsWrapped: (length: number) => boolean;
}

/** AES Key Wrap (RFC 3394 2.2): two or more half-blocks. */
export const kw: KeyWrap = {
  mode: 'kw',
  rule: 'a multiple of 8 bytes, at least 16',
  fits: (length) => length >= 16 && length % 8 === 0,
  fitsWrapped: (length) => length >= 24 && length % 8 === 0,
};

/** AES Key Wrap with Padding (RFC 5649 3): any length but nothing. */
export const kwp: KeyWrap = {
  mode: 'kwp',
  rule: 'at least 1 byte',
  fits: (length) => length >= 1,
  fitsWrapped: (length) => length >= 16 && length % 8 === 0,
};

/** Throws BadParameter. */
export async function wrap(row: KeyWrap, kek: AesKey, key: Uint8Array, alg: string): Promise<Buffer> {
  if (!row.fits(key.length)) throw wrongLength('value', key.length, alg, row.rule);
  return kek.wrap(row.mode, key);
}

/** Throws BadParameter with one text for whatever was not wrapped under this key. */
export async function unwrap(row: KeyWrap, kek: AesKey, wrapped: Uint8Array): Promise<SecretBytes> {
  if (!row.fitsWrapped(wrapped.length)) throw notDecryptable();
  const key = await kek.unwrap(row.mode, wrapped);
  if (key === undefined) throw notDecryptable();
  return SecretBytes.own(key);
}
