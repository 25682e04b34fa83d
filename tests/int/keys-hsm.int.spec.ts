import { createHash, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { createCryptoProvider } from '@coffer/crypto-node';
import { createPkcs11Module } from '@coffer/crypto-pkcs11';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { createKeys, keyProjections } from '@coffer/keys-feature';
import type { keyOperations, VaultSnapshot } from '@coffer/wire';
import { testContext, testVault } from '../support/context.js';
import { createSoftHsm, describeWithSoftHsm, type SoftHsm } from '../support/softhsm.js';
import { blobFor, encoded } from '../support/transfer-blob.js';
import { keysSetup, type Bundle, type Keys, type KeysSetup } from './keys-setup.js';
import { dump, rowsOf } from './objects-setup.js';

const MESSAGE = Buffer.from('message');
const value = createHash('sha256').update(MESSAGE).digest('base64url');
const needsModule = {
  code: 'BadParameter',
  message: expect.stringContaining('need a hardware security module') as string,
};

describeWithSoftHsm('keys in hardware', () => {
  let hsm: SoftHsm;
  let setup: KeysSetup;
  /** Over the same database, without the module. */
  let without: { readonly keys: Keys; close(): Promise<void> };
  let vault: VaultSnapshot;

  beforeAll(async () => {
    hsm = await createSoftHsm();
    Object.assign(process.env, hsm.env);
    setup = await keysSetup({ threads: 1, module: createPkcs11Module(hsm) });
    const provider = createCryptoProvider({ threads: 1 });
    without = { keys: createKeys({ ...setup.ports, provider }), close: () => provider.close() };
    vault = testVault();
  });
  afterAll(async () => {
    await without.close();
    await setup.close();
    await hsm.dispose();
  });

  async function call<T = Bundle>(
    operation: keyof typeof keyOperations,
    name: string,
    body?: unknown,
    keys: Keys = setup.keys,
  ): Promise<T> {
    const context = testContext(operation, { vault, now: setup.time.now, params: { name } });
    return (await keys.controller.handlers[operation](context, body)).body as T;
  }

  it('come in a transfer blob, wrapped to an exchange key in hardware', async () => {
    const kek = await call('KeyCreate', 'kek', { kty: 'RSA-HSM', key_ops: ['import'] });
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key_hsm = encoded(blobFor({ ...kek.key, kty: 'RSA' }, privateKey));
    for (const key of [
      { kty: 'EC-HSM', key_hsm },
      { kty: 'EC', key_hsm },
    ]) {
      const body = { key, Hsm: key.kty === 'EC' };
      const bundle = await call('KeyImport', 'mine', body);
      expect(bundle.key).toMatchObject({ kty: 'EC-HSM', crv: 'P-256' });
      const signed = await call<{ value: string }>('KeySign', 'mine', { alg: 'ES256', value });
      const signature = Buffer.from(signed.value, 'base64url');
      expect(verify('sha256', MESSAGE, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
      await expect(call('KeyImport', 'no', body, without.keys)).rejects.toMatchObject(needsModule);
    }
  });

  it('come as a JWK, and of their own name or by the flag', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = privateKey.export({ format: 'jwk' });
    for (const body of [{ key: { ...jwk, kty: 'RSA-HSM' } }, { key: jwk, Hsm: true }, { key: jwk, hsm: true }]) {
      const bundle = await call('KeyImport', 'jwk', body);
      expect(bundle.key).toMatchObject({ kty: 'RSA-HSM', n: jwk.n });
      const signed = await call<{ value: string }>('KeySign', 'jwk', { alg: 'RS256', value });
      expect(verify('sha256', MESSAGE, createPublicKey(privateKey), Buffer.from(signed.value, 'base64url'))).toBe(true);
      const changed = { ...body, key: { ...body.key, d: randomBytes(256).toString('base64url') } };
      await expect(call('KeyImport', 'jwk', changed)).rejects.toMatchObject({ code: 'BadParameter' });
      await expect(call('KeyImport', 'no', body, without.keys)).rejects.toMatchObject(needsModule);
    }
    const software = await call('KeyImport', 'jwk', { key: jwk });
    expect(software.key).toMatchObject({ kty: 'RSA' });
  });

  it('show in no event or row what they are', async () => {
    const k = randomBytes(32);
    await call('KeyImport', 'seen', { key: { kty: 'oct-HSM', k: k.toString('base64url') } });
    const text = await dump(setup.ports.database);
    for (const spelling of ['base64', 'base64url', 'hex'] as const) expect(text).not.toContain(k.toString(spelling));
  });

  it('cannot be had, used or restored without the module, and are there again with it', async () => {
    const key = { kty: 'oct-HSM', key_size: 192 };
    await expect(call('KeyCreate', 'no', key, without.keys)).rejects.toMatchObject(needsModule);
    const made = await call('KeyCreate', 'mixed', key);
    await call('KeyCreate', 'mixed', { kty: 'EC' });
    const { value: backup } = await call<{ value: string }>('KeyBackup', 'mixed');
    const version = made.key.kid.split('/').at(-1) ?? '';
    const wrap = async (keys: Keys) => {
      const params = { name: 'mixed', version };
      const context = testContext('KeyWrap', { vault, now: setup.time.now, params });
      return keys.controller.handlers.KeyWrap(context, { alg: 'A192KW', value: randomBytes(16).toString('base64url') });
    };
    await expect(wrap(without.keys)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await call('KeyDelete', 'mixed');
    await call('KeyPurge', 'mixed');
    await expect(call('KeyRestore', '', { value: backup }, without.keys)).rejects.toMatchObject(needsModule);
    await call('KeyRestore', '', { value: backup });
    await wrap(setup.keys);
  });

  it('are destroyed with their material', async () => {
    await call('KeyCreate', 'gone', { kty: 'EC-HSM' });
    const materials = async () => (await rowsOf(setup.ports.database, 'material')).length;
    const before = await materials();
    await call('KeyDelete', 'gone');
    await call('KeyPurge', 'gone');
    expect(await materials()).toBe(before - 2);
  });

  it('are rebuilt from their events', async () => {
    const before = await rowsOf(setup.ports.database, 'key_versions');
    for (const projection of keyProjections) await rebuildProjection(setup.ports.database, projection);
    expect(await rowsOf(setup.ports.database, 'key_versions')).toEqual(before);
  });
});
