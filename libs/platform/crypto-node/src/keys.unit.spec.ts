import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import type { Curve, KeySpec } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';
import { createCryptoProvider } from './provider.js';
import { generated } from './spec-keys.spec.js';

const provider = createCryptoProvider({ threads: 1, generations: 1 });

afterAll(() => provider.close());

function refusalOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('not refused');
}

const bytesOf = (base64url: string) => Buffer.from(base64url, 'base64url').length;

describe('a generated key', () => {
  it.each([
    [2048, 65537, 'AQAB'],
    [2048, 3, 'Aw'],
    [3072, 65537, 'AQAB'],
    [2048, 4294967295, '_____w'],
  ] as const)('of RSA %d bits with exponent %d has that size and exponent', async (keySize, publicExponent, e) => {
    const { public: jwk, privateKey } = await provider.generate({ kty: 'RSA', keySize, publicExponent });

    if (jwk.kty !== 'RSA') throw new Error('not RSA');
    expect(jwk.e).toBe(e);
    expect(bytesOf(jwk.n)).toBe(keySize / 8);
    expect(provider.load(privateKey).public).toEqual(jwk);
  });

  it.each<[Curve, number]>([
    ['P-256', 32],
    ['P-384', 48],
    ['P-521', 66],
    ['P-256K', 32],
  ])('of %s has coordinates of %d bytes', async (crv, length) => {
    const { public: jwk, privateKey } = await provider.generate({ kty: 'EC', crv });

    if (jwk.kty !== 'EC') throw new Error('not EC');
    expect([jwk.crv, bytesOf(jwk.x), bytesOf(jwk.y)]).toEqual([crv, length, length]);
    expect(provider.load(privateKey).public).toEqual(jwk);
  });

  it.each([0, 1, 2, 65536, -3, 3.5, Number.NaN, 4294967297])('cannot have the exponent %d', async (publicExponent) => {
    const making = provider.generate({ kty: 'RSA', keySize: 2048, publicExponent });
    await expect(making).rejects.toMatchObject({ code: 'BadParameter' });
  });

  it.each([0, 512, 1024, 2047, 2056, 8192])('cannot have %d bits', async (keySize) => {
    const making = provider.generate({ kty: 'RSA', keySize, publicExponent: 65537 } as KeySpec);
    await expect(making).rejects.toMatchObject({ code: 'BadParameter' });
  });

  it('is refused as throttled when too many are being made, and those in the queue are made', async () => {
    const spec = { kty: 'RSA', keySize: 2048, publicExponent: 65537 } as const;
    const maker = createCryptoProvider({ threads: 1, generations: 1 });
    const asked = Array.from({ length: 70 }, () => maker.generate(spec));
    const all = Promise.allSettled(asked);

    for (const refused of asked.slice(65)) {
      await expect(refused).rejects.toMatchObject({ code: 'Throttled', details: { retryAfterSeconds: 1 } });
    }
    for (const made of asked.slice(0, 2)) expect((await made).public.kty).toBe('RSA');
    await maker.close();
    await all;
  });
});

describe('making RSA keys', () => {
  const large = { kty: 'RSA', keySize: 4096, publicExponent: 65537 } as const;

  it('leaves the thread pool to files and signatures: as many keys as it has threads hold up nobody', async () => {
    const maker = createCryptoProvider({ threads: 1, generations: 4 });
    const order: string[] = [];
    const keys = Array.from({ length: 4 }, async () => {
      await maker.generate(large);
      order.push('key');
    });
    await new Promise((resolve) => setTimeout(resolve, 50)); // all have begun
    const made = order.length;
    for (let i = 0; i < 4; i += 1) {
      await readFile(new URL(import.meta.url));
      order.push('file');
    }
    await Promise.all(keys);
    await maker.close();

    expect(order.slice(made)).toEqual([...Array<string>(4).fill('file'), ...Array<string>(4 - made).fill('key')]);
    expect(made).toBeLessThan(4);
  });

  it('ends with the provider: whoever waits for one is told', async () => {
    const maker = createCryptoProvider({ threads: 1, generations: 1 });
    const making = Promise.allSettled(Array.from({ length: 3 }, () => maker.generate(large)));
    await new Promise((resolve) => setTimeout(resolve, 20));

    await maker.close();

    const outcomes = await making;
    for (const outcome of outcomes.slice(1)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ServiceUnavailable' } });
    }
    await expect(maker.generate(large)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });
});

describe('a key that is loaded', () => {
  const pkcs8 = { format: 'der', type: 'pkcs8' } as const;
  const refused: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['no DER', Buffer.from('-----BEGIN PRIVATE KEY-----')],
    ['half of a key', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8).subarray(0, 60)],
    ['RSA of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export(pkcs8)],
    ['RSA of 2056 bits', generateKeyPairSync('rsa', { modulusLength: 2056 }).privateKey.export(pkcs8)],
    ['RSA of 2047 bits', generateKeyPairSync('rsa', { modulusLength: 2047 }).privateKey.export(pkcs8)],
    ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey.export(pkcs8)],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey.export(pkcs8)],
    ['P-224', generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey.export(pkcs8)],
    ['Brainpool', generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).privateKey.export(pkcs8)],
  ];

  it.each(refused)('is refused when it is %s', (_, der) => {
    const refusal = refusalOf(() => provider.load(SecretBytes.copyOf(der)));

    expect(refusal).toMatchObject({ name: 'CofferError', code: 'BadParameter' });
    expect(refusal.cause).toBeUndefined(); // it could quote the key
  });

  it('is usable after the caller has destroyed the bytes', async () => {
    const { public: jwk, privateKey } = await provider.generate({ kty: 'EC', crv: 'P-384' });
    const handle = provider.load(privateKey);
    privateKey.destroy();

    expect(handle.public).toEqual(jwk);
    expect(await provider.sign(handle, 'ES384', Buffer.alloc(48, 1))).toHaveLength(96);
  });

  it.each<KeySpec>([
    { kty: 'EC', crv: 'P-521' },
    { kty: 'RSA', keySize: 2048, publicExponent: 65537 },
  ])('shows nothing but its public half: %j', async (spec) => {
    const { handle, privateKey } = await generated(provider, spec);
    const { d = '' } = privateKey.export({ format: 'jwk' });
    const seen = inspect(handle, { depth: 10, showHidden: true }) + JSON.stringify(handle);

    expect(Reflect.ownKeys(handle)).toEqual(['public']);
    expect(d.length).toBeGreaterThan(80);
    expect(seen).not.toContain(d.slice(0, 20));
    expect(seen).not.toContain('PrivateKeyObject');
  });

  it('cannot be forged by copying its public half', async () => {
    const { handle } = await generated(provider, { kty: 'EC', crv: 'P-256' });
    const copy = { ...handle };

    await expect(provider.sign(copy, 'ES256', Buffer.alloc(32))).rejects.toMatchObject({ code: 'Internal' });
  });
});
