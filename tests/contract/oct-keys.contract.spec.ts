import { randomBytes } from 'node:crypto';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import { startCoffer, type RunningCoffer } from '../support/coffer.js';
import { Conformance, credential } from '../support/sdk.js';

let coffer: RunningCoffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.dispose());

const versions = [
  { serviceVersion: '7.2', hasHmac: false },
  { serviceVersion: '7.3', hasHmac: false },
  { serviceVersion: '7.4', hasHmac: false },
  { serviceVersion: '7.5', hasHmac: false },
  { serviceVersion: '7.6', hasHmac: true },
  { serviceVersion: '2025-07-01', hasHmac: true },
];
const sizes = [128, 192, 256] as const;
const badParameter = { statusCode: 400, code: 'BadParameter' };

describe.each(versions)('symmetric keys of the official client, api-version $serviceVersion', (version) => {
  const { serviceVersion, hasHmac } = version;
  const prefix = `oct-${serviceVersion.replace('.', '-')}`;
  let conformance: Conformance;
  let client: KeyClient;
  const options = () => ({ serviceVersion, tlsOptions: { ca: coffer.ca }, ...conformance.options });
  const cryptographyOf = (key: KeyVaultKey) => new CryptographyClient(key.id ?? '', credential(coffer), options());

  beforeAll(() => {
    conformance = new Conformance('data', serviceVersion);
    client = new KeyClient(coffer.vaultUrl(), credential(coffer), options());
  });
  afterAll(() => {
    expect(conformance.violations).toEqual([]);
    expect(conformance.checked.length).toBeGreaterThan(20);
  });

  it('are created, read and listed without their material', async () => {
    const name = `${prefix}-bundle`;
    const made = await client.createOctKey(name, { hsm: false, tags: { a: 'b' } });
    const ops = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
    expect([...(made.keyOperations ?? [])].sort()).toEqual([...ops, ...(hasHmac ? ['sign', 'verify'] : [])].sort());
    expect(made.keyType).toBe('oct');
    expect(made.properties.tags).toEqual({ a: 'b' });
    const found = await client.getKey(name);
    for (const { key } of [made, found]) {
      expect(key).toMatchObject({ kty: 'oct', kid: made.id });
      const values = Object.entries(key ?? {}).filter(([, value]) => value !== undefined);
      expect(values.map(([member]) => member).sort()).toEqual(['keyOps', 'kid', 'kty']);
    }
    const listed: (string | undefined)[] = [];
    for await (const { id } of client.listPropertiesOfKeyVersions(name)) listed.push(id);
    expect(listed).toEqual([made.id]);
  });

  it.each(sizes)('of %i bits encrypt and decrypt with GCM, with and without additional data', async (keySize) => {
    const key = await client.createOctKey(`${prefix}-gcm-${keySize}`, { hsm: false, keySize });
    const cryptography = cryptographyOf(key);
    const algorithm = `A${keySize}GCM` as const;
    for (const additionalAuthenticatedData of [undefined, Buffer.from('context')]) {
      const plaintext = randomBytes(100);
      const given = additionalAuthenticatedData === undefined ? {} : { additionalAuthenticatedData };
      const sealed = await cryptography.encrypt({ algorithm, plaintext, ...given });
      expect(sealed.keyID).toBe(key.id);
      const { iv = Buffer.alloc(0), authenticationTag = Buffer.alloc(0), result: ciphertext } = sealed;
      expect([iv.length, authenticationTag.length, ciphertext.length]).toEqual([12, 16, 100]);
      expect(sealed.additionalAuthenticatedData === undefined).toBe(additionalAuthenticatedData === undefined);
      const opened = await cryptography.decrypt({ algorithm, ciphertext, iv, authenticationTag, ...given });
      expect(Buffer.from(opened.result)).toEqual(plaintext);
      const other = { additionalAuthenticatedData: Buffer.from('another context') };
      const refused = cryptography.decrypt({ algorithm, ciphertext, iv, authenticationTag, ...other });
      await expect(refused).rejects.toMatchObject(badParameter);
    }
  });

  it.each(sizes)('of %i bits encrypt and decrypt with CBC, with the iv of the caller or one made', async (keySize) => {
    const cryptography = cryptographyOf(await client.createOctKey(`${prefix}-cbc-${keySize}`, { hsm: false, keySize }));
    for (const algorithm of [`A${keySize}CBC`, `A${keySize}CBCPAD`] as const) {
      const plaintext = randomBytes(algorithm.endsWith('PAD') ? 37 : 48);
      for (const given of [{}, { iv: randomBytes(16) }]) {
        const { result: ciphertext, iv = Buffer.alloc(0) } = await cryptography.encrypt({
          algorithm,
          plaintext,
          ...given,
        });
        expect(iv).toHaveLength(16);
        const opened = await cryptography.decrypt({ algorithm, ciphertext, iv });
        expect(Buffer.from(opened.result)).toEqual(plaintext);
      }
    }
  });

  it.each(sizes)('of %i bits wrap and unwrap', async (keySize) => {
    const cryptography = cryptographyOf(await client.createOctKey(`${prefix}-kw-${keySize}`, { hsm: false, keySize }));
    const later = hasHmac ? (['CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD'] as const) : [];
    for (const algorithm of [`A${keySize}KW` as const, ...later]) {
      const key = randomBytes(32);
      const wrapped = await cryptography.wrapKey(algorithm, key);
      expect(wrapped.result).toHaveLength(40);
      expect(Buffer.from((await cryptography.unwrapKey(algorithm, wrapped.result)).result)).toEqual(key);
      const changed = Buffer.from(wrapped.result).reverse();
      await expect(cryptography.unwrapKey(algorithm, changed)).rejects.toMatchObject(badParameter);
    }
  });

  it('sign and verify with HMAC where the version has it', async () => {
    const key = await client.createOctKey(`${prefix}-hs`, { hsm: false, keyOps: ['sign', 'verify'] });
    const cryptography = cryptographyOf(key);
    const message = randomBytes(64);
    for (const algorithm of ['HS256', 'HS384', 'HS512']) {
      if (!hasHmac) {
        await expect(cryptography.sign(algorithm, message)).rejects.toMatchObject(badParameter);
        continue;
      }
      const { result } = await cryptography.sign(algorithm, message);
      expect(result).toHaveLength(Number(algorithm.slice(2)) / 8);
      expect((await cryptography.verify(algorithm, message, result)).result).toBe(true);
      expect((await cryptography.verify(algorithm, randomBytes(64), result)).result).toBe(false);
    }
  });

  it('live and die like other keys', async () => {
    const name = `${prefix}-life`;
    const old = await client.createOctKey(name, { hsm: false, keySize: 128 });
    const sealed = await cryptographyOf(old).encrypt({ algorithm: 'A128GCM', plaintext: Buffer.from('kept') });
    await client.createOctKey(name, { hsm: false, keySize: 256 });
    await (await client.beginDeleteKey(name, { intervalInMs: 50 })).pollUntilDone();
    await (await client.beginRecoverDeletedKey(name, { intervalInMs: 50 })).pollUntilDone();
    const { iv = Buffer.alloc(0), authenticationTag = Buffer.alloc(0), result: ciphertext } = sealed;
    const opened = await cryptographyOf(old).decrypt({ algorithm: 'A128GCM', ciphertext, iv, authenticationTag });
    expect(Buffer.from(opened.result).toString()).toBe('kept');
    await client.updateKeyProperties(name, old.properties.version ?? '', { enabled: false });
    const disabled = new CryptographyClient(old.id ?? '', credential(coffer), options());
    await expect(disabled.encrypt({ algorithm: 'A128GCM', plaintext: ciphertext })).rejects.toMatchObject({
      statusCode: 403,
    });
    await (await client.beginDeleteKey(name, { intervalInMs: 50 })).pollUntilDone();
    await client.purgeDeletedKey(name);
    await expect(client.getKey(name)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('in hardware are refused as a vault without it refuses them', async () => {
    await expect(client.createOctKey(`${prefix}-hsm`, { hsm: true })).rejects.toMatchObject(badParameter);
  });
});
