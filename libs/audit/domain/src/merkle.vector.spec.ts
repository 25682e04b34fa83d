import fc from 'fast-check';
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  nodeHash,
  treeHash,
  verifyConsistency,
  verifyInclusion,
  type SubtreeHash,
} from './merkle.js';

/** Inputs and roots of the reference implementation of RFC 6962 (certificate-transparency, merkle_tree_test). */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => Buffer.from(hex, 'hex'),
);
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** Subtrees by the definition alone. */
function subtreesOf(entries: readonly Uint8Array[]): SubtreeHash {
  const of = (from: number, count: number): Uint8Array => {
    if (count === 1) return leafHash(entries[from] ?? new Uint8Array());
    return nodeHash(of(from, count / 2), of(from + count / 2, count / 2));
  };
  return (level, index) => Promise.resolve(of(index * 2 ** level, 2 ** level));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const numbered = (size: number) => Array.from({ length: size }, (_, i) => Buffer.from(String(i)));

describe('the Merkle tree of RFC 6962', () => {
  it('has the roots of the reference implementation', async () => {
    expect(hex(emptyRoot)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(await treeHash(0, subtreesOf([])))).toBe(hex(emptyRoot));
    for (const [i, root] of roots.entries()) expect(hex(await treeHash(i + 1, subtreesOf(leaves)))).toBe(root);
  });

  it('has the audit paths and consistency proofs of the reference implementation', async () => {
    const subtree = subtreesOf(leaves);
    expect((await inclusionProof(0, 8, subtree)).map(hex)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect((await consistencyProof(6, 8, subtree)).map(hex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('proves every leaf of every small tree, and nothing else', async () => {
    for (let size = 1; size <= 40; size += 1) {
      const entries = numbered(size);
      const root = await treeHash(size, subtreesOf(entries));
      for (let index = 0; index < size; index += 1) {
        const proof = await inclusionProof(index, size, subtreesOf(entries));
        const leaf = leafHash(entries[index] ?? Buffer.alloc(0));
        expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true);
        expect(verifyInclusion(leafHash(Buffer.from('x')), index, size, proof, root)).toBe(false);
        if (size > 1) expect(verifyInclusion(leaf, (index + 1) % size, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, [...proof, leaf], root)).toBe(false);
      }
    }
  });

  it('proves that each tree extends every earlier one, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 300 }), async (from, more) => {
        const entries = numbered(from + more);
        const subtree = subtreesOf(entries);
        const old = { size: from, root: await treeHash(from, subtree) };
        const now = { size: from + more, root: await treeHash(from + more, subtree) };
        const proof = await consistencyProof(from, from + more, subtree);
        expect(verifyConsistency(old, now, proof)).toBe(true);
        const forked = numbered(from);
        forked[from - 1] = Buffer.from('forked');
        const other = { size: from, root: await treeHash(from, subtreesOf(forked)) };
        expect(verifyConsistency(other, now, proof)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses leaves and trees that are not there', async () => {
    await expect(inclusionProof(3, 3, subtreesOf(leaves))).rejects.toThrow(RangeError);
    await expect(consistencyProof(4, 3, subtreesOf(leaves))).rejects.toThrow(RangeError);
    await expect(consistencyProof(0, 3, subtreesOf(leaves))).rejects.toThrow(RangeError);
  });
});
