import { signAlgorithms } from './algorithms/sign.js';
import { createCryptoProvider } from './provider.js';
import { generated, sha, type SpecKey } from './spec-keys.spec.js';

const provider = createCryptoProvider({ threads: 1 });
let rsa: SpecKey;
let p256: SpecKey;
let k256: SpecKey;

beforeAll(async () => {
  rsa = await generated(provider, { kty: 'RSA', keySize: 2048, publicExponent: 65537 });
  p256 = await generated(provider, { kty: 'EC', crv: 'P-256' });
  k256 = await generated(provider, { kty: 'EC', crv: 'P-256K' });
});

afterAll(() => provider.close());

function refusal(...words: string[]) {
  return { code: 'BadParameter', message: expect.stringMatching(words.join('.*')) as string };
}

describe('an algorithm that does not exist', () => {
  it.each(['', 'RS257', 'rs256', 'HS224', 'none', '__proto__', 'constructor', 'RSA-OAEP'])(
    '%j does not sign',
    async (alg) => {
      await expect(provider.sign(rsa.handle, alg, sha(256))).rejects.toMatchObject(refusal(alg, 'not supported'));
      await expect(provider.verify(rsa.handle, alg, sha(256), sha(256))).rejects.toMatchObject(
        refusal('not supported'),
      );
    },
  );

  it.each(['', 'RS256', 'rsa-oaep', 'RSA-OAEP-512', 'A256CTR', 'toString'])(
    '%j does not encrypt or wrap',
    async (alg) => {
      const bytes = Buffer.alloc(256);
      await expect(provider.encrypt(rsa.handle, alg, bytes)).rejects.toMatchObject(refusal('supported for encryption'));
      await expect(provider.decrypt(rsa.handle, alg, bytes)).rejects.toMatchObject(refusal('supported for encryption'));
      await expect(provider.wrapKey(rsa.handle, alg, bytes)).rejects.toMatchObject(
        refusal('supported for key wrapping'),
      );
      await expect(provider.unwrapKey(rsa.handle, alg, bytes)).rejects.toMatchObject(
        refusal('supported for key wrapping'),
      );
    },
  );

  it('is quoted in part only when it is long', async () => {
    const error: unknown = await provider.sign(rsa.handle, 'x'.repeat(5000), sha(256)).catch((e: unknown) => e);
    expect((error as Error).message.length).toBeLessThan(150);
  });
});

describe('an algorithm for other keys', () => {
  it('is refused with what it needs', async () => {
    const es256 = provider.sign(rsa.handle, 'ES256', sha(256));
    await expect(es256).rejects.toMatchObject(refusal('ES256', `type 'EC', curve 'P-256'`, `type 'RSA'`));
    await expect(provider.sign(p256.handle, 'RS256', sha(256))).rejects.toMatchObject(
      refusal(`type 'RSA'`, `type 'EC'`),
    );
    await expect(provider.sign(k256.handle, 'ES256', sha(256))).rejects.toMatchObject(refusal(`'P-256'`, `'P-256K'`));
    await expect(provider.sign(p256.handle, 'ES256K', sha(256))).rejects.toMatchObject(refusal(`'P-256K'`, `'P-256'`));
    await expect(provider.verify(p256.handle, 'PS256', sha(256), sha(512))).rejects.toMatchObject(refusal(`'RSA'`));
    await expect(provider.encrypt(p256.handle, 'RSA-OAEP', sha(256))).rejects.toMatchObject(refusal(`'RSA'`));
    await expect(provider.unwrapKey(p256.handle, 'RSA1_5', sha(256))).rejects.toMatchObject(refusal(`'RSA'`));
  });
});

describe('a digest of the wrong length', () => {
  it.each([...signAlgorithms.values()].filter(({ digestBytes }) => digestBytes !== undefined))(
    'is refused by $name to sign and to verify',
    async ({ name, kty, digestBytes = 0, ...row }) => {
      const crv = 'crv' in row ? row.crv : 'P-256';
      const key = kty === 'RSA' ? rsa : await generated(provider, { kty: 'EC', crv });
      for (const length of [0, digestBytes - 1, digestBytes + 1]) {
        const bytes = Buffer.alloc(length);
        const text = [`${length} bytes. '${name}' requires ${digestBytes} bytes`];
        await expect(provider.sign(key.handle, name, bytes)).rejects.toMatchObject(refusal(`'value'`, ...text));
        await expect(provider.verify(key.handle, name, bytes, bytes)).rejects.toMatchObject(
          refusal(`'digest'`, ...text),
        );
      }
    },
  );
});

describe('a released handle', () => {
  it.each(['RSA', 'EC'] as const)('of an %s key does nothing any more, and may be released again', async (kty) => {
    const spec =
      kty === 'RSA' ? ({ kty, keySize: 2048, publicExponent: 65537 } as const) : ({ kty, crv: 'P-256' } as const);
    const { handle } = await generated(provider, spec);
    const alg = kty === 'RSA' ? 'RS256' : 'ES256';
    const signature = await provider.sign(handle, alg, sha(256));

    provider.release(handle);
    provider.release(handle);

    await expect(provider.sign(handle, alg, sha(256))).rejects.toMatchObject({ code: 'Internal' });
    await expect(provider.verify(handle, alg, sha(256), signature)).rejects.toMatchObject({ code: 'Internal' });
    await expect(provider.encrypt(handle, 'RSA-OAEP', sha(256))).rejects.toMatchObject({ code: 'Internal' });
  });

  it('lets operations that have begun finish', async () => {
    const { handle } = await generated(provider, { kty: 'RSA', keySize: 2048, publicExponent: 65537 });
    const begun = Array.from({ length: 40 }, () => provider.sign(handle, 'RS256', sha(256)));

    provider.release(handle);

    expect(new Set((await Promise.all(begun)).map((signature) => signature.length))).toEqual(new Set([256]));
  });
});
