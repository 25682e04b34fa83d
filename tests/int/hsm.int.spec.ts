import { constants, createCipheriv, createHmac, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import type { CryptoProvider, KeyHandle, KeySpec, NewKey, PrivateJwk } from '@coffer/contracts';
import { createCryptoProvider } from '@coffer/crypto-node';
import { createPkcs11Module, type ModuleState } from '@coffer/crypto-pkcs11';
import { SecretBytes } from '@coffer/kernel';
import { createSoftHsm, describeWithSoftHsm, type SoftHsm } from '../support/softhsm.js';

const unavailable = { code: 'ServiceUnavailable' };
const oneAnswer = { code: 'BadParameter', message: 'The parameter is incorrect.' };
const rsaSpec = { kty: 'RSA', keySize: 2048, publicExponent: 65537, hsm: true } as const;
const octSpec = (keySize: 128 | 192 | 256) => ({ kty: 'oct', keySize, hsm: true }) as const;

describeWithSoftHsm('keys in a PKCS #11 module', () => {
  let hsm: SoftHsm;
  const opened: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    hsm = await createSoftHsm();
    Object.assign(process.env, hsm.env);
  });
  afterAll(async () => {
    await Promise.all(opened.map((provider) => provider.close()));
    await hsm.dispose();
  });

  function providerOf(states: ModuleState[] = []): CryptoProvider {
    const module = createPkcs11Module({ ...hsm, onState: (state) => states.push(state) });
    const provider = createCryptoProvider({ threads: 1, module });
    opened.push(provider);
    return provider;
  }

  const loaded = (provider: CryptoProvider, { privateKey }: NewKey) => provider.load(privateKey, 'module');
  const fresh = async (provider: CryptoProvider, spec: KeySpec) => loaded(provider, await provider.generate(spec));

  /** The same oct key in the module and in software. */
  async function twins(provider: CryptoProvider, bytes: number): Promise<[KeyHandle, KeyHandle]> {
    const k = randomBytes(bytes);
    const software = provider.load(SecretBytes.copyOf(k), 'raw');
    return [loaded(provider, await provider.import({ kty: 'oct', members: { k } }, { hsm: true })), software];
  }

  describe('that are symmetric', () => {
    let provider: CryptoProvider;
    beforeAll(() => {
      provider = providerOf();
    });

    it.each([16, 24, 32])('encrypt with %i bytes as keys in software do', async (bytes) => {
      const [hard, soft] = await twins(provider, bytes);
      expect(hard.keySize).toBe(8 * bytes);
      const [gcm, cbc, pad] = ['GCM', 'CBC', 'CBCPAD'].map((mode) => `A${8 * bytes}${mode}`) as [
        string,
        string,
        string,
      ];
      for (const length of [0, 1, 15, 16, 17, 5000]) {
        const text = randomBytes(length);
        for (const aad of [undefined, Buffer.alloc(0), randomBytes(20)]) {
          for (const [from, to] of [
            [hard, soft],
            [soft, hard],
          ] as const) {
            const { value, iv, tag } = await provider.encrypt(from, gcm, text, { aad });
            const parameters = { iv, tag, aad };
            expect((await provider.decrypt(to, gcm, value, parameters)).expose()).toEqual(text);
            const tampered = { ...parameters, tag: Buffer.alloc(16) };
            await expect(provider.decrypt(to, gcm, value, tampered)).rejects.toMatchObject(oneAnswer);
          }
        }
        const iv = randomBytes(16);
        const padded = await provider.encrypt(hard, pad, text, { iv });
        expect(padded).toEqual(await provider.encrypt(soft, pad, text, { iv }));
        expect((await provider.decrypt(hard, pad, padded.value, { iv })).expose()).toEqual(text);
        if (length === 0 || length % 16 !== 0) continue;
        const blocks = await provider.encrypt(hard, cbc, text, { iv });
        expect(blocks).toEqual(await provider.encrypt(soft, cbc, text, { iv }));
        expect((await provider.decrypt(hard, cbc, blocks.value, { iv })).expose()).toEqual(text);
      }
      const garbage = provider.decrypt(hard, pad, randomBytes(32), { iv: randomBytes(16) });
      // One in 255 random paddings is right.
      await garbage.then(
        () => undefined,
        (error: unknown) => {
          expect(error).toMatchObject(oneAnswer);
        },
      );
    });

    it.each([16, 24, 32])('wrap with %i bytes as keys in software do', async (bytes) => {
      const [hard, soft] = await twins(provider, bytes);
      for (const [alg, lengths] of [
        [`A${8 * bytes}KW`, [16, 24, 32, 64]],
        ['CKM_AES_KEY_WRAP', [16, 512]],
        ['CKM_AES_KEY_WRAP_PAD', [1, 7, 8, 9, 20, 1000]],
      ] as const) {
        for (const length of lengths) {
          const key = randomBytes(length);
          const wrapped = await provider.wrapKey(hard, alg, key);
          expect(wrapped).toEqual(await provider.wrapKey(soft, alg, key));
          expect((await provider.unwrapKey(hard, alg, wrapped)).expose()).toEqual(key);
          wrapped[3] = (wrapped[3] ?? 0) ^ 1;
          await expect(provider.unwrapKey(hard, alg, wrapped)).rejects.toMatchObject(oneAnswer);
        }
      }
      const long = provider.wrapKey(hard, 'CKM_AES_KEY_WRAP_PAD', Buffer.alloc(5000));
      await expect(long).rejects.toMatchObject({
        code: 'BadParameter',
        message: expect.stringContaining('4096') as string,
      });
    });

    it('authenticate as far as the module can, and say where it cannot', async () => {
      const k = randomBytes(32);
      const key = loaded(provider, await provider.import({ kty: 'oct', members: { k } }, { hsm: true }));
      for (const text of [Buffer.alloc(0), Buffer.alloc(1), randomBytes(1000)]) {
        const mac = await provider.sign(key, 'HS256', text);
        expect(mac).toEqual(createHmac('sha256', k).update(text).digest());
        expect(await provider.verify(key, 'HS256', text, mac)).toBe(true);
        expect(await provider.verify(key, 'HS256', randomBytes(5), mac)).toBe(false);
      }
      const text = 'The hardware security module does not support HS512 with this key.';
      await expect(provider.sign(key, 'HS512', k)).rejects.toMatchObject({ code: 'BadParameter', message: text });
      // It goes on with the same session.
      expect(await provider.sign(key, 'HS256', k)).toHaveLength(32);
    });
  });

  describe('of RSA', () => {
    it('open what was encrypted to them, and answer everything else alike', async () => {
      const provider = providerOf();
      const made = await provider.generate({ ...rsaSpec, publicExponent: 3 });
      const key = loaded(provider, made);
      const publicKey = createPublicKey({ key: made.public, format: 'jwk' });
      const hashes = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256' } as const;
      for (const [alg, oaepHash] of Object.entries(hashes)) {
        const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
        for (const length of [0, 1, 100]) {
          const text = randomBytes(length);
          const theirs = publicEncrypt({ key: publicKey, ...padding }, text);
          expect((await provider.unwrapKey(key, alg, theirs)).expose()).toEqual(text);
          theirs[100] = (theirs[100] ?? 0) ^ 1;
          await expect(provider.decrypt(key, alg, theirs)).rejects.toMatchObject(oneAnswer);
        }
        for (const wrong of [Buffer.alloc(256, 0xff), Buffer.alloc(256), randomBytes(255), Buffer.alloc(0)]) {
          await expect(provider.decrypt(key, alg, wrong)).rejects.toMatchObject(oneAnswer);
        }
      }
      const text = randomBytes(32);
      const theirs = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, text);
      expect((await provider.decrypt(key, 'RSA1_5', theirs)).expose()).toEqual(text);
      const garbage = Buffer.concat([Buffer.alloc(1), randomBytes(255)]);
      const [first, second] = [
        await provider.decrypt(key, 'RSA1_5', garbage),
        await provider.decrypt(key, 'RSA1_5', garbage),
      ];
      expect(first.expose()).toEqual(second.expose());
    });

    it('take keys that were wrapped to them, into the module', async () => {
      const provider = providerOf();
      const software = await provider.generate({ kty: 'EC', crv: 'P-256' });
      const pkcs8 = Buffer.from(software.privateKey.expose());
      const made = await provider.generate(rsaSpec);
      const exchange = loaded(provider, made);
      const ephemeral = randomBytes(32);
      const publicKey = createPublicKey({ key: made.public, format: 'jwk' });
      const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
      const sealed = createCipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('a65959a6', 'hex')).update(pkcs8);
      const blob = Buffer.concat([publicEncrypt({ key: publicKey, ...padding }, ephemeral), sealed]);
      const brought = await provider.importWrapped(exchange, blob, 'EC', { hsm: true });
      expect([brought.public, brought.spec.hsm]).toEqual([software.public, true]);
      const digest = randomBytes(32);
      const signature = await provider.sign(loaded(provider, brought), 'ES256', digest);
      expect(await provider.verify(provider.load(software.privateKey), 'ES256', digest, signature)).toBe(true);
      blob[300] = (blob[300] ?? 0) ^ 1;
      const changed = provider.importWrapped(exchange, blob, 'EC', { hsm: true });
      await expect(changed).rejects.toMatchObject(oneAnswer);
      const exported = provider.exportWrapped(exchange, made.public as never, 'RSA_AES_KEY_WRAP_256');
      await expect(exported).rejects.toMatchObject({ code: 'BadParameter' });
    });

    it('are made while others are used', async () => {
      const provider = providerOf();
      const key = await fresh(provider, { kty: 'EC', crv: 'P-256', hsm: true });
      const making = [1, 2].map(() => provider.generate({ ...rsaSpec, keySize: 4096 }));
      const made = Promise.all(making).then(() => 'made' as const);
      let signed = 0;
      while ((await Promise.race([made, provider.sign(key, 'ES256', randomBytes(32))])) !== 'made') signed += 1;
      expect(signed).toBeGreaterThan(2); // one at most if they waited
    });
  });

  it('are the same to two instances that began at the same moment', async () => {
    const other = await createSoftHsm();
    Object.assign(process.env, other.env);
    try {
      const [one, two] = [1, 2].map(() => createCryptoProvider({ threads: 1, module: createPkcs11Module(other) })) as [
        CryptoProvider,
        CryptoProvider,
      ];
      opened.push(one, two);
      const keys = await Promise.all([one, two, one, two].map((provider) => provider.generate(octSpec(256))));
      const text = randomBytes(16);
      for (const key of keys) {
        const { value, iv } = await one.encrypt(loaded(one, key), 'A256CBC', text);
        expect((await two.decrypt(loaded(two, key), 'A256CBC', value, { iv })).expose()).toEqual(text);
      }
    } finally {
      Object.assign(process.env, hsm.env);
      await other.dispose();
    }
  });

  it('are the same to the process that takes the place of one that has grown too much', async () => {
    const module = createPkcs11Module({ ...hsm, maxGrowth: -1 });
    const provider = createCryptoProvider({ threads: 1, module });
    const key = await fresh(provider, { kty: 'EC', crv: 'P-256', hsm: true });
    for (let i = 0; i < 10; i += 1) {
      const digest = randomBytes(32);
      const signatures = await Promise.all([provider.sign(key, 'ES256', digest), provider.sign(key, 'ES256', digest)]);
      for (const signature of signatures) expect(await provider.verify(key, 'ES256', digest, signature)).toBe(true);
    }
    await provider.close();
  });

  it('of another token are refused with 503, and disturb no others', async () => {
    const other = await createSoftHsm();
    Object.assign(process.env, other.env);
    const foreign = createCryptoProvider({ threads: 1, module: createPkcs11Module(other) });
    const key = await foreign.generate(octSpec(128));
    await foreign.close();
    Object.assign(process.env, hsm.env);
    await other.dispose();

    const states: ModuleState[] = [];
    const provider = providerOf(states);
    const own = await fresh(provider, octSpec(128));
    for (let i = 0; i < 5; i += 1) {
      await expect(provider.encrypt(loaded(provider, key), 'A128GCM', randomBytes(5))).rejects.toMatchObject(
        unavailable,
      );
      await provider.encrypt(own, 'A128GCM', randomBytes(5));
    }
    expect(states.map(({ state }) => state)).toEqual(['ready']);
  });

  it('are refused with 503 where no module is configured', async () => {
    const provider = providerOf();
    const key = await provider.generate(octSpec(128));
    const without = createCryptoProvider({ threads: 1 });
    opened.push(without);
    expect([provider.hardware, without.hardware]).toEqual([true, false]);
    expect(() => without.load(key.privateKey, 'module')).toThrow(expect.objectContaining(unavailable) as Error);
    await expect(without.generate(octSpec(128))).rejects.toMatchObject(unavailable);
    const jwk: PrivateJwk = { kty: 'oct', members: { k: randomBytes(16) } };
    await expect(without.import(jwk, { hsm: true })).rejects.toMatchObject(unavailable);
  });

  it('are not to be seen in what is stored, nor is the PIN in the arguments of any process', async () => {
    const provider = providerOf();
    const k = randomBytes(32);
    const made = await provider.import({ kty: 'oct', members: { k } }, { hsm: true });
    const stored = made.privateKey.expose();
    for (let at = 0; at + 8 <= k.length; at += 1) expect(stored.includes(k.subarray(at, at + 8))).toBe(false);
    const { execFileSync } = await import('node:child_process');
    const processes = execFileSync('ps', ['axeww', '-o', 'args']).toString();
    expect(processes).toContain('crypto-pkcs11/dist/child/main.js');
    expect(processes).not.toContain(hsm.pin);
  });
});
