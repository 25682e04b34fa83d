import { randomBytes } from 'node:crypto';

/** Nonces of one draw: a draw costs ten times as much as the encryption of a short text. */
const DRAWN = 256;

let drawn = Buffer.alloc(0);

/** Random bytes for a nonce, never given twice. They are no secret: every ciphertext carries its own. */
export function newNonce(length: number): Buffer {
  if (drawn.length < length) drawn = randomBytes(length * DRAWN);
  const nonce = Buffer.from(drawn.subarray(0, length));
  drawn = drawn.subarray(length);
  return nonce;
}
