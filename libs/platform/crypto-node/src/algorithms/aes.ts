import type { AesKey, CipherParameters, Ciphertext, DecipherParameters } from '@coffer/contracts';
import type { SecretBytes } from '@coffer/kernel';
import { openCbc, sealCbc } from '../aes/cbc.js';
import { openGcm, sealGcm } from '../aes/gcm.js';
import { kw, kwp, type KeyWrap } from '../aes/key-wrap.js';

export interface AesAlgorithm {
  readonly name: string;
  /** Absent: keys of every size. */
  readonly keyBytes?: 16 | 24 | 32;
}

export interface CipherAlgorithm extends AesAlgorithm {
  seal(key: AesKey, plaintext: Uint8Array, parameters: CipherParameters): Promise<Ciphertext>;
  open(key: AesKey, ciphertext: Uint8Array, parameters: DecipherParameters): Promise<SecretBytes>;
}

export interface KeyWrapAlgorithm extends AesAlgorithm {
  readonly wrap: KeyWrap;
}

/** Every algorithm of `encrypt` and `decrypt` with an oct key (azure-api c.2). */
export const cipherAlgorithms = table([
  gcm('A128GCM', 16),
  gcm('A192GCM', 24),
  gcm('A256GCM', 32),
  cbc('A128CBC', 16, false),
  cbc('A192CBC', 24, false),
  cbc('A256CBC', 32, false),
  cbc('A128CBCPAD', 16, true),
  cbc('A192CBCPAD', 24, true),
  cbc('A256CBCPAD', 32, true),
]);

/** Every algorithm of `wrapKey` and `unwrapKey` with an oct key (azure-api c.2). */
export const keyWrapAlgorithms = table<KeyWrapAlgorithm>([
  { name: 'A128KW', keyBytes: 16, wrap: kw },
  { name: 'A192KW', keyBytes: 24, wrap: kw },
  { name: 'A256KW', keyBytes: 32, wrap: kw },
  { name: 'CKM_AES_KEY_WRAP', wrap: kw },
  { name: 'CKM_AES_KEY_WRAP_PAD', wrap: kwp },
]);

function gcm(name: string, keyBytes: 16 | 24 | 32): CipherAlgorithm {
  return {
    name,
    keyBytes,
    seal: (key, plaintext, parameters) => sealGcm(key, plaintext, parameters, name),
    open: (key, ciphertext, parameters) => openGcm(key, ciphertext, parameters, name),
  };
}

function cbc(name: string, keyBytes: 16 | 24 | 32, padded: boolean): CipherAlgorithm {
  return {
    name,
    keyBytes,
    seal: (key, plaintext, parameters) => sealCbc(padded, key, plaintext, parameters, name),
    open: (key, ciphertext, parameters) => openCbc(padded, key, ciphertext, parameters, name),
  };
}

function table<Row extends AesAlgorithm>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.name, row]));
}
