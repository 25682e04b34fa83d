import type { KeyWrapMode } from '@coffer/contracts';

/** AES of one block of 16 bytes. */
export type Block = (block: Buffer) => Buffer;

const KW_IV = Buffer.alloc(8, 0xa6);
const KWP_IV = Buffer.from('a65959a6', 'hex');

/*
 * RFC 3394 and RFC 5649 over the module's AES. Its own key wraps take keys for objects, not bytes for bytes, and what they make
 * of lengths that are not a multiple of 8 differs from module to module.
 */

/** The key must fit the mode: of KW two half-blocks or more, of KWP one byte or more. */
export function wrapKey(encrypt: Block, mode: KeyWrapMode, key: Uint8Array): Buffer {
  if (mode === 'kw') return wrapping(encrypt, KW_IV, Buffer.from(key));
  const iv = Buffer.alloc(8);
  KWP_IV.copy(iv);
  iv.writeUInt32BE(key.length, 4);
  const padded = Buffer.alloc(Math.ceil(key.length / 8) * 8);
  padded.set(key);
  return padded.length === 8 ? encrypt(Buffer.concat([iv, padded])) : wrapping(encrypt, iv, padded);
}

/** `undefined` for what was not wrapped so. */
export function unwrapKey(decrypt: Block, mode: KeyWrapMode, wrapped: Uint8Array): Buffer | undefined {
  const opened = wrapped.length === 16 ? decrypt(Buffer.from(wrapped)) : unwrapping(decrypt, wrapped);
  const length = keyLength(mode, opened);
  if (length === undefined) {
    opened.fill(0);
    return undefined;
  }
  return opened.subarray(8, 8 + length);
}

/** `undefined` where initial value or padding is not what was wrapped (RFC 3394 2.2.3, RFC 5649 3). */
function keyLength(mode: KeyWrapMode, opened: Buffer): number | undefined {
  const iv = opened.subarray(0, 8);
  const key = opened.subarray(8);
  if (mode === 'kw') return differs(iv, KW_IV) ? undefined : key.length;
  const length = iv.readUInt32BE(4);
  const padding = key.length - length;
  const fits = padding >= 0 && padding <= 7;
  const wrong = differs(iv.subarray(0, 4), KWP_IV) || !fits || key.subarray(length).some((byte) => byte !== 0);
  return wrong ? undefined : length;
}

/** RFC 3394 2.2.1. */
function wrapping(encrypt: Block, iv: Buffer, key: Buffer): Buffer {
  const registers = Buffer.concat([iv, key]);
  const n = key.length / 8;
  for (let t = 1; t <= 6 * n; t += 1) {
    const at = 8 * (((t - 1) % n) + 1);
    const block = encrypt(Buffer.concat([registers.subarray(0, 8), registers.subarray(at, at + 8)]));
    block.copy(registers, at, 8, 16);
    block.copy(registers, 0, 0, 8);
    count(registers, t);
  }
  return registers;
}

/** RFC 3394 2.2.2, without the check of the initial value. */
function unwrapping(decrypt: Block, wrapped: Uint8Array): Buffer {
  const registers = Buffer.from(wrapped);
  const n = registers.length / 8 - 1;
  for (let t = 6 * n; t >= 1; t -= 1) {
    const at = 8 * (((t - 1) % n) + 1);
    count(registers, t);
    const block = decrypt(Buffer.concat([registers.subarray(0, 8), registers.subarray(at, at + 8)]));
    block.copy(registers, at, 8, 16);
    block.copy(registers, 0, 0, 8);
  }
  return registers;
}

/** XORs the 64-bit counter into the first register; it has 32 bits at most. */
function count(registers: Buffer, t: number): void {
  registers.writeUInt32BE((registers.readUInt32BE(4) ^ t) >>> 0, 4);
}

/** Looks at all bytes, whichever differ. */
function differs(a: Uint8Array, b: Uint8Array): boolean {
  return a.reduce((sum, byte, i) => sum | (byte ^ (b[i] ?? 0)), 0) !== 0;
}
