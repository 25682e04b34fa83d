import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import type { DecipherParameters, KeyHandle, KeySpec } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';
import fc from 'fast-check';
import { createCryptoProvider } from './provider.js';
import { expectOneAnswer, flipped, generated, octKey } from './spec-keys.spec.js';

const provider = createCryptoProvider({ threads: 1 });
afterAll(() => provider.close());

const sizes = [128, 192, 256] as const;
const modes = ['GCM', 'CBC', 'CBCPAD'] as const;
const refusal = (...words: string[]) => ({
  code: 'BadParameter',
  message: expect.stringMatching(words.join('.*')) as string,
});
const ofSize = (bits: number): KeyHandle => octKey(provider, randomBytes(bits / 8));
/** Lengthened by zeros to a multiple of `unit` bytes, at least 16. */
function toMultiple(unit: number, bytes: Uint8Array): Buffer {
  const length = Math.max(16, Math.ceil(bytes.length / unit) * unit);
  return Buffer.concat([bytes], length);
}

/** What decrypting needs of what encrypting gave. */
const again = (sealed: DecipherParameters, aad?: Uint8Array): DecipherParameters => ({
  iv: sealed.iv,
  tag: sealed.tag,
  aad,
});

describe('an oct key', () => {
  it.each(sizes)('of %i bits is generated with that size, differently each time, and loads', async (keySize) => {
    const spec = { kty: 'oct', keySize } as const;
    const [one, two] = await Promise.all([provider.generate(spec), provider.generate(spec)]);
    expect(one.public).toEqual({ kty: 'oct' });
    expect(one.privateKey).toHaveLength(keySize / 8);
    expect(one.privateKey.expose()).not.toEqual(two.privateKey.expose());
    expect(provider.load(one.privateKey, 'raw').public).toEqual({ kty: 'oct' });
  });

  it.each([0, 8, 127, 160, 512])('cannot have %i bits', async (keySize) => {
    await expect(provider.generate({ kty: 'oct', keySize } as unknown as KeySpec)).rejects.toMatchObject(refusal());
    const bytes = SecretBytes.own(randomBytes(Math.ceil(keySize / 8)));
    if (keySize !== 127) expect(() => provider.load(bytes, 'raw')).toThrow(expect.objectContaining(refusal()) as Error);
  });

  it('is never taken for PKCS#8, nor PKCS#8 for it', async () => {
    const ec = await provider.generate({ kty: 'EC', crv: 'P-256' });
    expect(() => provider.load(ec.privateKey, 'raw')).toThrow(expect.objectContaining(refusal()) as Error);
    const oct = SecretBytes.own(randomBytes(32));
    expect(() => provider.load(oct)).toThrow(expect.objectContaining(refusal()) as Error);
  });

  it('shows nothing but its type, is usable after its bytes were destroyed, and not after its release', async () => {
    const bytes = randomBytes(32);
    const material = SecretBytes.copyOf(bytes);
    const handle = provider.load(material, 'raw');
    material.destroy();
    await provider.encrypt(handle, 'A256GCM', bytes);

    const seen = inspect(handle, { depth: 10, showHidden: true }) + JSON.stringify(handle);
    expect(Reflect.ownKeys(handle)).toEqual(['public', 'keySize']);
    expect(seen).not.toContain(bytes.toString('hex').slice(0, 8));
    expect(seen).not.toContain(bytes.toString('base64url').slice(0, 8));

    provider.release(handle);
    provider.release(handle);
    await expect(provider.encrypt(handle, 'A256GCM', bytes)).rejects.toMatchObject({ code: 'Internal' });
    await expect(provider.sign(handle, 'HS256', bytes)).rejects.toMatchObject({ code: 'Internal' });
  });
});

describe('encrypting and decrypting', () => {
  it('gives back what was encrypted, whatever it is', async () => {
    const inputs = { bits: fc.constantFrom(...sizes), mode: fc.constantFrom(...modes) };
    const bytes = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.record({ ...inputs, bytes, aad: bytes }), async ({ bits, mode, bytes: text, aad }) => {
        const handle = ofSize(bits);
        const plaintext = mode === 'CBC' ? toMultiple(16, text) : text;
        const given = mode === 'GCM' ? { aad } : {};
        const sealed = await provider.encrypt(handle, `A${bits}${mode}`, plaintext, given);
        const opened = await provider.decrypt(handle, `A${bits}${mode}`, sealed.value, again(sealed, given.aad));
        expect(opened.expose().equals(plaintext)).toBe(true);
      }),
    );
  });

  it('takes a new iv each time, and the caller’s for CBC only', async () => {
    const handle = ofSize(256);
    const plaintext = Buffer.alloc(32);
    const sealed = await Promise.all(Array.from({ length: 600 }, () => provider.encrypt(handle, 'A256GCM', plaintext)));
    expect(new Set(sealed.map(({ iv }) => Buffer.from(iv ?? []).toString('hex'))).size).toBe(600);
    expect(sealed[0]).toMatchObject({ iv: { length: 12 }, tag: { length: 16 }, value: { length: 32 } });

    const iv = randomBytes(16);
    const cbc = await provider.encrypt(handle, 'A256CBC', plaintext, { iv });
    expect(cbc).toEqual({ iv, value: (await provider.encrypt(handle, 'A256CBC', plaintext, { iv })).value });
    const [one, two] = [
      await provider.encrypt(handle, 'A256CBC', plaintext),
      await provider.encrypt(handle, 'A256CBC', plaintext),
    ];
    expect(one.iv).toHaveLength(16);
    expect(one.iv).not.toEqual(two.iv);
    expect(one.value).not.toEqual(two.value);
  });

  it.each(['value', 'iv', 'tag', 'aad'] as const)('by GCM has one answer to every changed byte of %s', async (part) => {
    const handle = ofSize(256);
    const aad = Buffer.from('context');
    const { value, iv, tag } = await provider.encrypt(handle, 'A256GCM', randomBytes(33), { aad });
    const parts = { value, iv: Buffer.from(iv ?? []), tag: Buffer.from(tag ?? []), aad };
    for (const i of parts[part].keys()) {
      const { value: ciphertext, ...parameters } = { ...parts, [part]: flipped(parts[part], i) };
      await expectOneAnswer(provider.decrypt(handle, 'A256GCM', ciphertext, parameters));
    }
  });

  it('by GCM has the same answer to another key, a missing aad, and a cut or longer ciphertext', async () => {
    const handle = ofSize(256);
    const aad = Buffer.from('context');
    const sealed = await provider.encrypt(handle, 'A256GCM', randomBytes(33), { aad });
    const good = again(sealed, aad);
    await expectOneAnswer(provider.decrypt(ofSize(256), 'A256GCM', sealed.value, good));
    await expectOneAnswer(provider.decrypt(handle, 'A256GCM', sealed.value, again(sealed)));
    await expectOneAnswer(provider.decrypt(handle, 'A256GCM', sealed.value.subarray(1), good));
    await expectOneAnswer(provider.decrypt(handle, 'A256GCM', Buffer.concat([sealed.value, aad]), good));
    await expectOneAnswer(provider.decrypt(handle, 'A256GCM', Buffer.alloc(0), good));
  });

  it('by GCM takes no shortened tag and no iv of another length', async () => {
    const handle = ofSize(128);
    const {
      value,
      iv = Buffer.alloc(0),
      tag = Buffer.alloc(0),
    } = await provider.encrypt(handle, 'A128GCM', randomBytes(8));
    for (const length of [0, 4, 8, 12, 15]) {
      const short = provider.decrypt(handle, 'A128GCM', value, { iv, tag: tag.subarray(0, length) });
      await expect(short).rejects.toMatchObject(refusal(`'tag'`, `${length} bytes`));
    }
    for (const other of [Buffer.alloc(0), iv.subarray(1), Buffer.alloc(16)]) {
      const wrong = provider.decrypt(handle, 'A128GCM', value, { iv: other, tag });
      await expect(wrong).rejects.toMatchObject(refusal(`'iv'`, `${other.length} bytes`));
    }
  });

  it.each(['CBC', 'CBCPAD'])('by %s has one answer to lengths that no ciphertext has', async (mode) => {
    const handle = ofSize(192);
    const iv = randomBytes(16);
    for (const length of [0, 1, 15, 17, 31]) {
      await expectOneAnswer(provider.decrypt(handle, `A192${mode}`, Buffer.alloc(length), { iv }));
    }
  });

  it('by CBCPAD takes every right padding and has one answer to every wrong one', async () => {
    const handle = ofSize(128);
    const iv = randomBytes(16);
    const opened = async (block: Buffer) => {
      const { value } = await provider.encrypt(handle, 'A128CBC', block, { iv });
      return provider.decrypt(handle, 'A128CBCPAD', value, { iv });
    };
    for (let pad = 1; pad <= 16; pad += 1) {
      const block = Buffer.concat([Buffer.alloc(32 - pad, 0x61), Buffer.alloc(pad, pad)]);
      expect((await opened(block)).expose()).toEqual(Buffer.alloc(32 - pad, 0x61));
      for (let i = 2; i <= pad; i += 1) await expectOneAnswer(opened(flipped(block, 32 - i)));
    }
    for (const last of [0, 17, 32, 0x80, 0xff]) await expectOneAnswer(opened(Buffer.alloc(32, last)));
  });
});

describe('wrapping and unwrapping', () => {
  it('gives back what was wrapped, whatever it is', async () => {
    const inputs = { bits: fc.constantFrom(...sizes), key: fc.uint8Array({ minLength: 1, maxLength: 100 }) };
    await fc.assert(
      fc.asyncProperty(fc.record(inputs), async ({ bits, key }) => {
        const handle = ofSize(bits);
        const blocks = toMultiple(8, key);
        for (const [alg, bytes] of [
          [`A${bits}KW`, blocks],
          ['CKM_AES_KEY_WRAP', blocks],
          ['CKM_AES_KEY_WRAP_PAD', key],
        ] as const) {
          const unwrapped = await provider.unwrapKey(handle, alg, await provider.wrapKey(handle, alg, bytes));
          expect(unwrapped.expose().equals(bytes)).toBe(true);
        }
      }),
    );
  });

  it.each(['A256KW', 'CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD'])(
    'by %s has one answer to every changed byte, wrong length and other key',
    async (alg) => {
      const handle = ofSize(256);
      const wrapped = await provider.wrapKey(handle, alg, randomBytes(32));
      for (const i of wrapped.keys()) await expectOneAnswer(provider.unwrapKey(handle, alg, flipped(wrapped, i)));
      for (const length of [0, 1, 8, 15, 16, 24, 39]) {
        await expectOneAnswer(provider.unwrapKey(handle, alg, wrapped.subarray(0, length)));
      }
      await expectOneAnswer(provider.unwrapKey(ofSize(256), alg, wrapped));
    },
  );

  it('refuses keys that the algorithm cannot wrap', async () => {
    const handle = ofSize(256);
    for (const length of [0, 8, 15, 17, 33]) {
      const wrapping = provider.wrapKey(handle, 'A256KW', Buffer.alloc(length));
      await expect(wrapping).rejects.toMatchObject(refusal(`${length} bytes`, 'multiple of 8'));
    }
    const nothing = provider.wrapKey(handle, 'CKM_AES_KEY_WRAP_PAD', Buffer.alloc(0));
    await expect(nothing).rejects.toMatchObject(refusal('at least 1 byte'));
  });
});

describe('what does not fit', () => {
  const bytes = Buffer.alloc(32);

  it.each(sizes)('is an AES algorithm of another size than %i bits', async (bits) => {
    const handle = ofSize(bits);
    for (const other of sizes.filter((size) => size !== bits)) {
      const words = [`size '${other}'`, `type 'oct', size '${bits}'`];
      for (const mode of modes) {
        await expect(provider.encrypt(handle, `A${other}${mode}`, bytes)).rejects.toMatchObject(refusal(...words));
        await expect(provider.decrypt(handle, `A${other}${mode}`, bytes)).rejects.toMatchObject(refusal(...words));
      }
      await expect(provider.wrapKey(handle, `A${other}KW`, bytes)).rejects.toMatchObject(refusal(...words));
      await expect(provider.unwrapKey(handle, `A${other}KW`, bytes)).rejects.toMatchObject(refusal(...words));
    }
  });

  it('is an algorithm of another key type', async () => {
    const oct = ofSize(256);
    const { handle: ec } = await generated(provider, { kty: 'EC', crv: 'P-256' });
    await expect(provider.sign(oct, 'ES256', bytes)).rejects.toMatchObject(refusal(`'EC'`, `'oct'`));
    await expect(provider.verify(oct, 'RS256', bytes, bytes)).rejects.toMatchObject(refusal(`'RSA'`, `'oct'`));
    await expect(provider.encrypt(oct, 'RSA-OAEP', bytes)).rejects.toMatchObject(refusal(`'RSA'`, `'oct'`));
    await expect(provider.unwrapKey(oct, 'RSA1_5', bytes)).rejects.toMatchObject(refusal(`'RSA'`, `'oct'`));
    await expect(provider.sign(ec, 'HS256', bytes)).rejects.toMatchObject(refusal(`'oct'`, `'EC'`));
    await expect(provider.verify(ec, 'HS256', bytes, bytes)).rejects.toMatchObject(refusal(`'oct'`, `'EC'`));
    await expect(provider.encrypt(ec, 'A256GCM', bytes)).rejects.toMatchObject(refusal(`'oct'`, `'EC'`));
    await expect(provider.wrapKey(ec, 'CKM_AES_KEY_WRAP', bytes)).rejects.toMatchObject(refusal(`'oct'`, `'EC'`));
  });

  it('is a cipher for wrapping, and a wrap for encrypting', async () => {
    const handle = ofSize(256);
    await expect(provider.wrapKey(handle, 'A256GCM', bytes)).rejects.toMatchObject(
      refusal('supported for key wrapping'),
    );
    await expect(provider.encrypt(handle, 'A256KW', bytes)).rejects.toMatchObject(refusal('supported for encryption'));
  });

  it('is a parameter that the algorithm has no use for, or that is missing', async () => {
    const handle = ofSize(256);
    const iv = randomBytes(16);
    const encrypt = (alg: string, parameters: DecipherParameters) => provider.encrypt(handle, alg, bytes, parameters);
    const decrypt = (alg: string, parameters: DecipherParameters) => provider.decrypt(handle, alg, bytes, parameters);
    await expect(encrypt('A256GCM', { iv: randomBytes(12) })).rejects.toMatchObject(refusal(`'iv' cannot`));
    await expect(encrypt('A256CBC', { iv, aad: bytes })).rejects.toMatchObject(refusal(`'aad' cannot`));
    await expect(encrypt('A256CBCPAD', { iv: bytes })).rejects.toMatchObject(refusal(`'iv'`, '32 bytes'));
    await expect(decrypt('A256CBC', { iv, aad: bytes })).rejects.toMatchObject(refusal(`'aad' cannot`));
    await expect(decrypt('A256CBC', { iv, tag: iv })).rejects.toMatchObject(refusal(`'tag' cannot`));
    await expect(decrypt('A256CBC', {})).rejects.toMatchObject(refusal(`'iv'`, '0 bytes', '16 bytes'));
    await expect(decrypt('A256GCM', { tag: iv })).rejects.toMatchObject(refusal(`'iv'`, '0 bytes', '12 bytes'));
    await expect(decrypt('A256GCM', { iv: iv.subarray(4) })).rejects.toMatchObject(refusal(`'tag'`, '0 bytes'));
  });

  it.each([0, 1, 15, 17])('is a plaintext of %i bytes for CBC without padding', async (length) => {
    const encrypting = provider.encrypt(ofSize(256), 'A256CBC', Buffer.alloc(length), { iv: randomBytes(16) });
    await expect(encrypting).rejects.toMatchObject(refusal(`${length} bytes`, 'multiple of 16'));
  });
});
