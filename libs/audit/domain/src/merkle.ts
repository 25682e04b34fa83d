import { createHash } from 'node:crypto';

/** Bytes of a hash. */
export const HASH_BYTES = 32;

/** Hash of a leaf (RFC 6962 §2.1): SHA-256 of 0x00 ‖ entry. */
export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(Uint8Array.of(0)).update(entry).digest();
}

/** Hash of an inner node (RFC 6962 §2.1): SHA-256 of 0x01 ‖ left ‖ right. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** Root of the tree without leaves: SHA-256 of nothing. */
export const emptyRoot = createHash('sha256').digest();

/** The hash of a complete subtree: the `index`-th one of 2^`level` leaves. */
export type SubtreeHash = (level: number, index: number) => Promise<Uint8Array>;

/** Hash of the tree over the first `size` leaves (RFC 6962 §2.1, MTH). */
export function treeHash(size: number, subtree: SubtreeHash): Promise<Uint8Array> {
  return size === 0 ? Promise.resolve(emptyRoot) : rangeHash(0, size, subtree);
}

/** Audit path of a leaf (RFC 6962 §2.1.1, PATH), from the leaf's sibling up. Throws RangeError unless `index` < `size`. */
export async function inclusionProof(index: number, size: number, subtree: SubtreeHash): Promise<Uint8Array[]> {
  if (!(index >= 0 && index < size)) throw new RangeError('there is no such leaf in the tree');
  const path = async (from: number, to: number): Promise<Uint8Array[]> => {
    if (to - from === 1) return [];
    const middle = from + largestPowerBelow(to - from);
    return index < middle
      ? [...(await path(from, middle)), await rangeHash(middle, to, subtree)]
      : [...(await path(middle, to)), await rangeHash(from, middle, subtree)];
  };
  return path(0, size);
}

/** Proof that the tree of `size` leaves extends that of `from` leaves (RFC 6962 §2.1.2). Throws RangeError unless 0 < `from` ≤ `size`. */
export async function consistencyProof(from: number, size: number, subtree: SubtreeHash): Promise<Uint8Array[]> {
  if (!(from > 0 && from <= size)) throw new RangeError('there is no such pair of trees');
  const sub = async (m: number, low: number, high: number, whole: boolean): Promise<Uint8Array[]> => {
    if (m === high - low) return whole ? [] : [await rangeHash(low, high, subtree)];
    const k = largestPowerBelow(high - low);
    return m <= k
      ? [...(await sub(m, low, low + k, whole)), await rangeHash(low + k, high, subtree)]
      : [...(await sub(m - k, low + k, high, false)), await rangeHash(low, low + k, subtree)];
  };
  return sub(from, 0, size, true);
}

/** Checks an audit path (RFC 9162 §2.1.3.2). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!(index >= 0 && index < size)) return false;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equal(hash, root);
}

/** Checks a consistency proof (RFC 9162 §2.1.4.2). Trees of one size must have one root. */
export function verifyConsistency(
  from: { readonly size: number; readonly root: Uint8Array },
  to: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (from.size === to.size) return proof.length === 0 && equal(from.root, to.root);
  if (from.size <= 0 || from.size > to.size) return false;
  const path = isPowerOfTwo(from.size) ? [from.root, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let [node, last] = [from.size - 1, to.size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let [old, now] = [first, first];
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      old = nodeHash(sibling, old);
      now = nodeHash(sibling, now);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else now = nodeHash(now, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equal(old, from.root) && equal(now, to.root);
}

/** Hash over the leaves in [from, to), whose beginning fits a subtree, as every one that the recursions meet does. */
async function rangeHash(from: number, to: number, subtree: SubtreeHash): Promise<Uint8Array> {
  const count = to - from;
  if (isPowerOfTwo(count)) return subtree(Math.log2(count), from / count);
  const middle = from + largestPowerBelow(count);
  return nodeHash(await rangeHash(from, middle, subtree), await rangeHash(middle, to, subtree));
}

/** The largest power of two smaller than `n`, for n > 1. Numbers of leaves may be larger than 32 bits. */
function largestPowerBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n)) && 2 ** Math.log2(n) === n;
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
