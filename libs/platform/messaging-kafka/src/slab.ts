const SLAB_BYTES = 262_144;
const LARGEST = SLAB_BYTES / 8;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

/** Bytes with anything in them, cut off a larger piece of memory: one of its own for each request costs more than its content. */
export function allocate(bytes: number): Buffer {
  if (bytes > LARGEST) return Buffer.allocUnsafeSlow(bytes);
  if (used + bytes > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  used += bytes;
  return slab.subarray(used - bytes, used);
}
