import { timingSafeEqual } from 'node:crypto';
import type { AesKey, CipherParameters, Ciphertext, DecipherParameters } from '@coffer/contracts';
import type { SecretBytes } from '@coffer/kernel';
import { unwrap, wrap } from '../aes/key-wrap.js';
import type { CipherAlgorithm, AesAlgorithm, KeyWrapAlgorithm } from '../algorithms/aes.js';
import type { MacAlgorithm } from '../algorithms/mac.js';
import type { LoadedKey } from '../loaded-key.js';
import { incompatibleKey, type Use } from '../refusals.js';

/*
 * What oct keys do. In software all of it here and not on the pool: it takes microseconds, less than a message to a thread.
 * Everything throws BadParameter for a key that does not fit the algorithm.
 */

export async function encrypt(
  key: LoadedKey,
  row: CipherAlgorithm,
  plaintext: Uint8Array,
  parameters: CipherParameters,
): Promise<Ciphertext> {
  return row.seal(aesKey('encryption', key, row), plaintext, parameters);
}

export async function decrypt(
  key: LoadedKey,
  row: CipherAlgorithm,
  ciphertext: Uint8Array,
  parameters: DecipherParameters,
): Promise<SecretBytes> {
  return row.open(aesKey('encryption', key, row), ciphertext, parameters);
}

export async function wrapKey(kek: LoadedKey, row: KeyWrapAlgorithm, key: Uint8Array): Promise<Buffer> {
  return wrap(row.wrap, aesKey('key wrapping', kek, row), key, row.name);
}

export async function unwrapKey(kek: LoadedKey, row: KeyWrapAlgorithm, wrapped: Uint8Array): Promise<SecretBytes> {
  return unwrap(row.wrap, aesKey('key wrapping', kek, row), wrapped);
}

/** HMAC (RFC 2104) of the bytes as they are. */
export async function sign(key: LoadedKey, { name, hash }: MacAlgorithm, bytes: Uint8Array): Promise<Buffer> {
  if (key.kty !== 'oct') throw incompatibleKey('signing', name, `type 'oct'`, key.kty);
  return key.mac(hash, bytes);
}

/** In a time that says nothing about where a wrong signature differs. */
export async function verify(
  key: LoadedKey,
  row: MacAlgorithm,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const expected = await sign(key, row, bytes);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

function aesKey(use: Use, key: LoadedKey, { name, keyBytes }: AesAlgorithm): AesKey {
  const given = key.kty === 'oct' ? key.aes.bytes : undefined;
  if (key.kty === 'oct' && (keyBytes === undefined || keyBytes === given)) return key.aes;
  const needs = keyBytes === undefined ? `type 'oct'` : `type 'oct', size '${keyBytes * 8}'`;
  throw incompatibleKey(use, name, needs, given === undefined ? key.kty : `oct', size '${given * 8}`);
}
