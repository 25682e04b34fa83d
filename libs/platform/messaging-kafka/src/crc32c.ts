const POLYNOMIAL = 0x82f63b78; // Castagnoli's, the lowest bit first
const BITS = 8;
const SLICES = 8;
const VALUES = 256;

/** `tables[s * 256 + byte]`: what a byte does to the sum `s` bytes later. */
const tables = new Int32Array(SLICES * VALUES);
for (let byte = 0; byte < VALUES; byte += 1) {
  let sum = byte;
  for (let bit = 0; bit < BITS; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
  tables[byte] = sum;
}
for (let at = VALUES; at < tables.length; at += 1) {
  const before = tables[at - VALUES] ?? 0;
  tables[at] = (before >>> BITS) ^ (tables[before & 0xff] ?? 0);
}

/** CRC-32C (RFC 3720, appendix B.4), eight bytes at a time; as a signed 32-bit integer. */
export function crc32c(bytes: Uint8Array): number {
  const t = tables;
  const { length } = bytes;
  let sum = -1;
  let at = 0;
  /* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is within its array */
  for (; at + SLICES <= length; at += SLICES) {
    const low = sum ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    sum =
      t[1792 + (low & 0xff)]! ^
      t[1536 + ((low >>> 8) & 0xff)]! ^
      t[1280 + ((low >>> 16) & 0xff)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  for (; at < length; at += 1) sum = (sum >>> BITS) ^ t[(sum ^ bytes[at]!) & 0xff]!;
  /* eslint-enable @typescript-eslint/no-non-null-assertion */
  return ~sum;
}
