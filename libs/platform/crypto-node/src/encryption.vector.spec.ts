import { constants, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { KeyHandle } from '@coffer/contracts';
import fc from 'fast-check';
import { createCryptoProvider } from './provider.js';
import { expectOneAnswer, expectOneError, flipped, generated, sha, type SpecKey } from './spec-keys.spec.js';

const provider = createCryptoProvider({ threads: 2 });
const sizes = [2048, 3072, 4096] as const;
const oaep = constants.RSA_PKCS1_OAEP_PADDING;
const algorithms = [
  { alg: 'RSA1_5', options: { padding: constants.RSA_PKCS1_PADDING }, overhead: 11 },
  { alg: 'RSA-OAEP', options: { padding: oaep, oaepHash: 'sha1' }, overhead: 42 },
  { alg: 'RSA-OAEP-256', options: { padding: oaep, oaepHash: 'sha256' }, overhead: 66 },
];
const uses = [
  { seal: 'encrypt', open: 'decrypt' },
  { seal: 'wrapKey', open: 'unwrapKey' },
] as const;
const rows = uses.flatMap((use) => algorithms.map((algorithm) => ({ ...use, ...algorithm })));
const keys = new Map<number, SpecKey>();

beforeAll(async () => {
  for (const keySize of sizes) {
    keys.set(keySize, await generated(provider, { kty: 'RSA', keySize, publicExponent: 65537 }));
  }
});

afterAll(() => provider.close());

function keyOf(size: number): SpecKey {
  const key = keys.get(size);
  if (key === undefined) throw new Error('no such key');
  return key;
}

describe.each(rows)('$seal and $open with $alg', ({ seal, open, alg, options, overhead }) => {
  it.each(sizes)('agree with node:crypto for %d bits, from nothing up to the longest plaintext', async (size) => {
    const { handle, privateKey, publicKey } = keyOf(size);
    for (const length of [0, 1, 32, size / 8 - overhead]) {
      const plaintext = Buffer.alloc(length, 5);

      const ours = await sealed(seal, handle, alg, plaintext);
      const theirs = publicEncrypt({ key: publicKey, ...options }, plaintext);

      expect(privateDecrypt({ key: privateKey, ...options }, ours)).toEqual(plaintext);
      expect((await provider[open](handle, alg, theirs)).expose()).toEqual(plaintext);
    }
  });

  it.each(sizes)('refuse a plaintext that is too long for %d bits', async (size) => {
    for (const length of [size / 8 - overhead + 1, size / 8, 5000]) {
      const refusal = { code: 'BadParameter', message: expect.stringContaining(`${length} bytes`) as string };
      await expect(provider[seal](keyOf(size).handle, alg, Buffer.alloc(length))).rejects.toMatchObject(refusal);
    }
  });

  it('give one answer to ciphertexts of another length or above the modulus', async () => {
    const { handle } = keyOf(2048);
    const ciphertext = await sealed(seal, handle, alg, Buffer.alloc(32, 5));
    const wrong = [
      Buffer.alloc(0),
      ciphertext.subarray(1),
      Buffer.concat([Buffer.alloc(1), ciphertext]),
      Buffer.alloc(256, 0xff),
    ];

    for (const bytes of wrong) await expectOneAnswer(provider[open](handle, alg, bytes));
  });

  it('never give the plaintext for a changed ciphertext', async () => {
    const { handle } = keyOf(2048);
    const ciphertext = await sealed(seal, handle, alg, Buffer.alloc(32, 5));
    const outcomes = await Promise.all([...ciphertext.keys()].map((i) => outcome(open, flipped(ciphertext, i), alg)));

    expect(outcomes.filter((bytes) => bytes.equals(Buffer.alloc(32, 5)))).toEqual([]);
  });
});

async function sealed(seal: 'encrypt' | 'wrapKey', handle: KeyHandle, alg: string, bytes: Buffer): Promise<Buffer> {
  return seal === 'wrapKey' ? provider.wrapKey(handle, alg, bytes) : (await provider.encrypt(handle, alg, bytes)).value;
}

/** The plaintext; empty when refused, and then with the one answer. */
async function outcome(open: 'decrypt' | 'unwrapKey', ciphertext: Buffer, alg: string): Promise<Buffer> {
  try {
    return (await provider[open](keyOf(2048).handle, alg, ciphertext)).expose();
  } catch (error) {
    expectOneError(error);
    return Buffer.alloc(0);
  }
}

describe('wrong padding', () => {
  it.each(['RSA-OAEP', 'RSA-OAEP-256'])('of %s has one answer, whichever byte was changed', async (alg) => {
    const { handle } = keyOf(2048);
    const { value: ciphertext } = await provider.encrypt(handle, alg, Buffer.from('plaintext'));

    for (const i of ciphertext.keys()) {
      await expectOneAnswer(provider.decrypt(handle, alg, flipped(ciphertext, i)));
    }
  });

  it('of OAEP with the other hash has the same answer', async () => {
    const { handle } = keyOf(2048);
    const { value: ciphertext } = await provider.encrypt(handle, 'RSA-OAEP', Buffer.from('plaintext'));

    await expectOneAnswer(provider.decrypt(handle, 'RSA-OAEP-256', ciphertext));
  });

  it('of RSA1_5 cannot be told from a plaintext: the same bytes every time, and no refusal', async () => {
    const { handle, publicKey } = keyOf(2048);
    const raw = { key: publicKey, padding: constants.RSA_NO_PADDING };
    const blocks = [
      Buffer.alloc(256, 0), // wrong block type
      Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(254, 1)]), // no separator
      Buffer.concat([Buffer.from([0, 2, 1, 0]), Buffer.alloc(252, 1)]), // padding shorter than 8 bytes
      Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(253, 1), Buffer.alloc(1)]),
    ];

    for (const block of blocks) {
      const ciphertext = publicEncrypt(raw, block);
      const first = await provider.decrypt(handle, 'RSA1_5', ciphertext);
      const second = await provider.decrypt(handle, 'RSA1_5', ciphertext);
      expect(first.expose()).toEqual(second.expose());
    }
  });

  it('never surfaces as anything but the one answer, whatever the bytes', async () => {
    const bytes = fc.oneof(fc.uint8Array({ minLength: 256, maxLength: 256 }), fc.uint8Array({ maxLength: 300 }));

    await fc.assert(
      fc.asyncProperty(fc.constantFrom('RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256'), bytes, async (alg, garbage) => {
        const plaintext = await outcome('decrypt', Buffer.from(garbage), alg);
        expect(plaintext.length).toBeLessThanOrEqual(245);
      }),
    );
  });
});

describe('plaintexts', () => {
  it('come back in a container that shows nothing', async () => {
    const { handle } = keyOf(2048);
    const { value } = await provider.encrypt(handle, 'RSA-OAEP', sha(256));
    const plaintext = await provider.decrypt(handle, 'RSA-OAEP', value);

    expect(JSON.stringify({ plaintext })).toBe('{"plaintext":"[SecretBytes]"}');
    plaintext.destroy();
    expect(() => plaintext.expose()).toThrow();
  });
});
