import { createHash, createHmac, hash } from 'node:crypto';

const HASH = 'sha256';
const HASH_BYTES = 32;
const EMPTY_LABEL = hash(HASH, '', 'buffer');

/**
 * EME-OAEP-DECODE (RFC 8017 7.1.2, step 3) with SHA-256 and no label, for modules that know SHA-1 only: `undefined` when the
 * block is none. What is wrong with it, and where, changes neither what is done nor how long (Manger).
 */
export function decodeOaep(block: Buffer): Buffer | undefined {
  const seed = xored(block.subarray(1, 1 + HASH_BYTES), block.subarray(1 + HASH_BYTES));
  const db = xored(block.subarray(1 + HASH_BYTES), seed);
  let wrong = block[0] ?? 1;
  for (let i = 0; i < HASH_BYTES; i += 1) wrong |= (db[i] ?? 0) ^ (EMPTY_LABEL[i] ?? 0);
  // The first byte that is not zero ends the padding, and must be 1.
  let searching = 1;
  let start = 0;
  for (let i = HASH_BYTES; i < db.length; i += 1) {
    const byte = db[i] ?? 0;
    const found = searching & isNotZero(byte);
    start |= -found & (i + 1);
    wrong |= -found & (byte ^ 1);
    searching &= ~found;
  }
  wrong |= searching;
  const message = wrong === 0 ? Buffer.from(db.subarray(start)) : undefined;
  db.fill(0);
  return message;
}

/** 1 for every byte but 0, without asking. */
function isNotZero(byte: number): number {
  return ((byte + 0xff) >> 8) & 1;
}

/** `target` XOR MGF1(seed) (RFC 8017 B.2.1). */
function xored(target: Buffer, seed: Buffer): Buffer {
  const result = Buffer.from(target);
  const counter = Buffer.alloc(4);
  for (let at = 0, n = 0; at < result.length; at += HASH_BYTES, n += 1) {
    counter.writeUInt32BE(n);
    const mask = createHash(HASH).update(seed).update(counter).digest();
    for (let i = at; i < Math.min(at + HASH_BYTES, result.length); i += 1) {
      result[i] = (result[i] ?? 0) ^ (mask[i - at] ?? 0);
    }
  }
  return result;
}

/**
 * What a block with wrong PKCS #1 v1.5 padding is said to hold: bytes that depend on the key's secret and the block alone, so
 * that nobody can tell wrong padding from a plaintext (Bleichenbacher). As OpenSSL does it for software keys.
 */
export function implicitRejection(secret: Uint8Array, block: Uint8Array): Buffer {
  const key = createHmac(HASH, secret).update('coffer/implicit-rejection').update(block).digest();
  const derived = (purpose: string, n: number) => createHmac(HASH, key).update(`${purpose}/${n}`).digest();
  const length = derived('length', 0).readUInt32BE() % (block.length - 10);
  const parts = Array.from({ length: Math.ceil(length / HASH_BYTES) }, (_, n) => derived('message', n));
  return Buffer.concat(parts).subarray(0, length);
}
