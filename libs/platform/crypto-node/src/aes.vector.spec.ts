import { readFileSync } from 'node:fs';
import { createCryptoProvider } from './provider.js';
import { expectOneAnswer, octKey } from './spec-keys.spec.js';

interface Vector {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly tag: string;
  readonly ciphertext: string;
  readonly wrapped: string;
  /** Absent: must be refused. */
  readonly plaintext?: string;
}

const file = new URL('../vectors/aes-cavp.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Record<'gcm' | 'cbc' | 'kw' | 'kwp', Vector[]>;
const provider = createCryptoProvider({ threads: 1 });
afterAll(() => provider.close());

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const keyOf = (key: string) => octKey(provider, hex(key));
/** `A128GCM` for a key of 16 bytes. */
const named = (key: string, mode: string): string => `A${hex(key).length * 8}${mode}`;

describe.each(['128', '192', '256'])('NIST CAVP with a key of %s bits', (bits) => {
  const ofSize = ({ key }: Vector): boolean => hex(key).length * 8 === Number(bits);

  it('decrypts GCM, and refuses what CAVP says is not authentic', async () => {
    const cases = vectors.gcm.filter(ofSize);
    expect(cases).toHaveLength(50);
    for (const { key, iv, aad, tag, ciphertext, plaintext } of cases) {
      const parameters = { iv: hex(iv), aad: hex(aad), tag: hex(tag) };
      const decrypted = provider.decrypt(keyOf(key), named(key, 'GCM'), hex(ciphertext), parameters);
      if (plaintext === undefined) await expectOneAnswer(decrypted);
      else expect((await decrypted).expose().toString('hex')).toBe(plaintext);
    }
  });

  it('encrypts and decrypts CBC', async () => {
    const cases = vectors.cbc.filter(ofSize);
    expect(cases).toHaveLength(8);
    for (const { key, iv, plaintext = '', ciphertext } of cases) {
      const handle = keyOf(key);
      const given = { iv: hex(iv) };
      const encrypted = await provider.encrypt(handle, named(key, 'CBC'), hex(plaintext), given);
      expect(encrypted.value.toString('hex')).toBe(ciphertext);
      const decrypted = await provider.decrypt(handle, named(key, 'CBC'), hex(ciphertext), given);
      expect(decrypted.expose().toString('hex')).toBe(plaintext);
      // With padding there is one block more, and before it the same.
      const padded = await provider.encrypt(handle, named(key, 'CBCPAD'), hex(plaintext), given);
      expect(padded.value.subarray(0, -16).toString('hex')).toBe(ciphertext);
      const unpadded = await provider.decrypt(handle, named(key, 'CBCPAD'), padded.value, given);
      expect(unpadded.expose().toString('hex')).toBe(plaintext);
    }
  });

  it.each([
    ['kw', ['KW', 'CKM_AES_KEY_WRAP']],
    ['kwp', ['CKM_AES_KEY_WRAP_PAD']],
  ] as const)('wraps and unwraps by %s, and refuses what CAVP says is not authentic', async (family, algorithms) => {
    const cases = vectors[family].filter(ofSize);
    expect(cases).toHaveLength(12);
    for (const { key, plaintext, wrapped } of cases) {
      for (const algorithm of algorithms) {
        const handle = keyOf(key);
        const alg = algorithm === 'KW' ? named(key, algorithm) : algorithm;
        const unwrapped = provider.unwrapKey(handle, alg, hex(wrapped));
        if (plaintext === undefined) {
          await expectOneAnswer(unwrapped);
          continue;
        }
        expect((await unwrapped).expose().toString('hex')).toBe(plaintext);
        expect((await provider.wrapKey(handle, alg, hex(plaintext))).toString('hex')).toBe(wrapped);
      }
    }
  });
});

describe('the examples of the standards', () => {
  const kek = (bytes: number): string =>
    hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f').toString('hex', 0, bytes);
  const data = '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f';

  it.each([
    ['4.1', 16, 16, '1fa68b0a8112b447 aef34bd8fb5a7b82 9d3e862371d2cfe5'],
    ['4.2', 24, 16, '96778b25ae6ca435 f92b5b97c050aed2 468ab8a17ad84e5d'],
    ['4.3', 32, 16, '64e8c3f9ce0f5ba2 63e9777905818a2a 93c8191e7d6e8ae7'],
    ['4.4', 24, 24, '031d33264e15d332 68f24ec260743edc e1c6c7ddee725a93 6ba814915c6762d2'],
    ['4.5', 32, 24, 'a8f9bc1612c68b3f f6e6f4fbe30e71e4 769c8b80a32cb895 8cd5d17d6b254da1'],
    ['4.6', 32, 32, '28c9f404c4b810f4 cbccb35cfb87f826 3f5786e2d80ed326 cbc7f0e71a99f43b fb988b9b7a02dd21'],
  ])('RFC 3394 section %s', async (_section, kekBytes, length, wrapped) => {
    const handle = keyOf(kek(kekBytes));
    const key = hex(data).subarray(0, length);
    for (const alg of [`A${kekBytes * 8}KW`, 'CKM_AES_KEY_WRAP']) {
      expect(await provider.wrapKey(handle, alg, key)).toEqual(hex(wrapped));
      expect((await provider.unwrapKey(handle, alg, hex(wrapped))).expose()).toEqual(key);
    }
  });

  it.each([
    [
      'c37b7e6492584340 bed1220780894115 5068f738',
      '138bdeaa9b8fa7fc 61f97742e72248ee 5ae6ae5360d1ae6a 5f54f373fa543b6a',
    ],
    ['466f7250617369', 'afbeb0f07dfbf541 9200f2ccb50bb24f'],
  ])('RFC 5649 section 6, key data %s', async (key, wrapped) => {
    const handle = keyOf('5840df6e29b02af1 ab493b705bf16ea1 ae8338f4dcc176a8');
    expect(await provider.wrapKey(handle, 'CKM_AES_KEY_WRAP_PAD', hex(key))).toEqual(hex(wrapped));
    expect((await provider.unwrapKey(handle, 'CKM_AES_KEY_WRAP_PAD', hex(wrapped))).expose()).toEqual(hex(key));
  });

  it('SP 800-38A F.2.5, CBC-AES256', async () => {
    const handle = keyOf('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
    const plaintext = hex('6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51');
    const iv = hex('000102030405060708090a0b0c0d0e0f');
    const { value } = await provider.encrypt(handle, 'A256CBC', plaintext, { iv });
    expect(value).toEqual(hex('f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d'));
  });
});
