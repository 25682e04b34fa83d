import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { unwrapKey, wrapKey, type Block } from './aes-key-wrap.js';

const ivs = { kw: ['wrap', 'a6a6a6a6a6a6a6a6'], kwp: ['wrap-pad', 'a65959a6'] } as const;

function aes(kek: Buffer): { encrypt: Block; decrypt: Block } {
  const name = `aes-${kek.length * 8}-ecb`;
  return {
    encrypt: (block) => createCipheriv(name, kek, null).setAutoPadding(false).update(block),
    decrypt: (block) => createDecipheriv(name, kek, null).setAutoPadding(false).update(block),
  };
}

describe.each(['kw', 'kwp'] as const)('%s over single blocks', (mode) => {
  const [suffix, iv] = ivs[mode];
  const keks = fc.constantFrom(16, 24, 32).map((length) => randomBytes(length));
  const keys =
    mode === 'kw'
      ? fc.integer({ min: 2, max: 40 }).map((halfBlocks) => randomBytes(8 * halfBlocks))
      : fc.integer({ min: 1, max: 300 }).map((length) => randomBytes(length));

  it('makes what OpenSSL makes, and opens it', () => {
    fc.assert(
      fc.property(keks, keys, (kek, key) => {
        const theirs = createCipheriv(`id-aes${kek.length * 8}-${suffix}`, kek, Buffer.from(iv, 'hex')).update(key);
        expect(wrapKey(aes(kek).encrypt, mode, key)).toEqual(theirs);
        expect(unwrapKey(aes(kek).decrypt, mode, theirs)).toEqual(key);
      }),
    );
  });

  it('opens nothing that was changed, whichever byte', () => {
    fc.assert(
      fc.property(keks, keys, fc.nat(), fc.integer({ min: 1, max: 255 }), (kek, key, at, difference) => {
        const wrapped = wrapKey(aes(kek).encrypt, mode, key);
        const index = at % wrapped.length;
        wrapped[index] = (wrapped[index] ?? 0) ^ difference;
        expect(unwrapKey(aes(kek).decrypt, mode, wrapped)).toBeUndefined();
      }),
    );
  });

  it('opens nothing of the other mode', () => {
    const { encrypt, decrypt } = aes(randomBytes(32));
    const wrapped = wrapKey(encrypt, mode === 'kw' ? 'kwp' : 'kw', randomBytes(32));
    expect(unwrapKey(decrypt, mode, wrapped)).toBeUndefined();
  });
});

/** RFC 3394 4.6, RFC 5649 6. */
it.each([
  [
    'kw',
    '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F',
    '00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F',
    '28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21',
  ],
  [
    'kwp',
    '5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8',
    'c37b7e6492584340bed12207808941155068f738',
    '138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a',
  ],
  ['kwp', '5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8', '466f7250617369', 'afbeb0f07dfbf5419200f2ccb50bb24f'],
] as const)('%s makes the vector of its RFC', (mode, kek, key, wrapped) => {
  const { encrypt, decrypt } = aes(Buffer.from(kek, 'hex'));
  expect(wrapKey(encrypt, mode, Buffer.from(key, 'hex')).toString('hex')).toBe(wrapped.toLowerCase());
  expect(unwrapKey(decrypt, mode, Buffer.from(wrapped, 'hex'))?.toString('hex')).toBe(key.toLowerCase());
});
