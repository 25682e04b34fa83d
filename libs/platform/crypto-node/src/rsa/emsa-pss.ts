import { hash as digestOf, randomBytes } from 'node:crypto';

export type PssHash = 'sha256' | 'sha384' | 'sha512';

const EIGHT_ZEROS = Buffer.alloc(8);
const TRAILER = 0xbc;
/** The modulus has a multiple of 8 bits and EM one bit less (RFC 8017 8.1.1): its topmost bit is always clear. */
const TOP_BITS = 0x7f;

/**
 * EMSA-PSS-ENCODE (RFC 8017 9.1.1) of a ready digest; MGF1 over the same hash, a random salt as long as the hash (RFC 7518
 * 3.5). The result is as long as the modulus, whose bit length must be a multiple of 8.
 */
export function encodePss(hash: PssHash, digest: Uint8Array, modulusBytes: number): Buffer {
  const salt = randomBytes(digest.length);
  const h = digestOf(hash, Buffer.concat([EIGHT_ZEROS, digest, salt]), 'buffer');
  const block = Buffer.alloc(modulusBytes);
  const dbLength = modulusBytes - h.length - 1;
  block[dbLength - salt.length - 1] = 1;
  salt.copy(block, dbLength - salt.length);
  mask(block.subarray(0, dbLength), hash, h);
  block[0] = (block[0] ?? 0) & TOP_BITS;
  h.copy(block, dbLength);
  block[modulusBytes - 1] = TRAILER;
  return block;
}

/** EMSA-PSS-VERIFY (RFC 8017 9.1.2): whether the block is an encoding of the digest with a salt as long as the hash. */
export function isPssOf(hash: PssHash, digest: Uint8Array, block: Buffer): boolean {
  const dbLength = block.length - digest.length - 1;
  const h = block.subarray(dbLength, -1);
  if (block.at(-1) !== TRAILER || ((block[0] ?? 0) & ~TOP_BITS) !== 0) return false;
  const db = Buffer.from(block.subarray(0, dbLength));
  mask(db, hash, h);
  db[0] = (db[0] ?? 0) & TOP_BITS;
  const separator = dbLength - digest.length - 1;
  if (db.subarray(0, separator).some((byte) => byte !== 0) || db[separator] !== 1) return false;
  const salt = db.subarray(separator + 1);
  return digestOf(hash, Buffer.concat([EIGHT_ZEROS, digest, salt]), 'buffer').equals(h);
}

/** XORs `target` with MGF1(seed) (RFC 8017 B.2.1). */
function mask(target: Buffer, hash: PssHash, seed: Buffer): void {
  const input = Buffer.alloc(seed.length + 4);
  seed.copy(input);
  for (let offset = 0, counter = 0; offset < target.length; counter += 1) {
    input.writeUInt32BE(counter, seed.length);
    for (const byte of digestOf(hash, input, 'buffer').subarray(0, target.length - offset)) {
      target[offset] = (target[offset] ?? 0) ^ byte;
      offset += 1;
    }
  }
}
