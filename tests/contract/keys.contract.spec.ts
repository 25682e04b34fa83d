import {
  constants,
  createCipheriv,
  createHash,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  verify as verifySignature,
} from 'node:crypto';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import { startCoffer, type RunningCoffer } from '../support/coffer.js';
import { claimedVersions, Exercise } from '../support/compatibility.js';
import { a2, a3 } from '../support/rfc7515.js';
import { Conformance, credential } from '../support/sdk.js';

let coffer: RunningCoffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.dispose());

const versions = ['2016-10-01', '7.0', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6', '2025-07-01'] as const;
const newest = versions.at(-1);
const hashes: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' };

function mapValues<T>(members: Readonly<Record<string, string>>, to: (text: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(members).map(([name, text]) => [name, to(text)]));
}

/** The public half as node:crypto reads it. */
function publicKeyOf(key: KeyVaultKey) {
  const { kty, n, e, crv, x, y } = key.key ?? {};
  const b64 = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64url');
  const jwk =
    kty === 'RSA'
      ? { kty, n: b64(n), e: b64(e) }
      : { kty: 'EC', crv: /^(P-256K|SECP256K1)$/.test(crv ?? '') ? 'secp256k1' : crv, x: b64(x), y: b64(y) };
  return createPublicKey({ key: jwk as never, format: 'jwk' });
}

it('runs every api-version that docs/compatibility.md claims of it', () => {
  expect(claimedVersions('js', import.meta.url)).toEqual([...versions].sort());
});

describe.each(versions)('the official keys client, api-version %s', (serviceVersion) => {
  const prefix = `key-${serviceVersion.replace('.', '-')}`;
  /** A test of what came with an api-version. */
  const itSince = (version: (typeof versions)[number], name: string, test: () => Promise<void>) => {
    if (versions.indexOf(serviceVersion) >= versions.indexOf(version)) it(name, test);
  };
  const exercise = new Exercise('js', serviceVersion, import.meta.url);
  let conformance: Conformance;
  let client: KeyClient;
  const options = () => ({ serviceVersion, tlsOptions: { ca: coffer.ca }, ...conformance.options });
  const cryptographyOf = (key: KeyVaultKey) => new CryptographyClient(key.id ?? '', credential(coffer), options());

  beforeAll(() => {
    conformance = new Conformance('data', serviceVersion, exercise);
    client = new KeyClient(coffer.vaultUrl(), credential(coffer), options());
  });
  afterAll(() => {
    expect(conformance.violations).toEqual([]);
    expect(conformance.checked.length).toBeGreaterThan(10);
    expect(exercise.unproven()).toEqual([]);
  });

  // Large keys take long to make; their bits are all that differs.
  const sizes = serviceVersion === newest ? [2048, 3072, 4096] : [2048];
  it.each(sizes)('creates an RSA key of %i bits whose signatures others can verify', async (keySize) => {
    const key = await client.createRsaKey(`${prefix}-rsa-${keySize}`, { keySize });
    const cryptography = cryptographyOf(key);
    for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const) {
      const hash = hashes[alg.slice(2)] ?? '';
      const data = randomBytes(100);
      const digest = createHash(hash).update(data).digest();
      const { result, keyID } = await cryptography.sign(alg, digest);
      expect(keyID).toBe(key.id);
      const padding = alg.startsWith('PS')
        ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : {};
      expect(verifySignature(hash, data, { key: publicKeyOf(key), ...padding }, result)).toBe(true);
      expect((await cryptography.verify(alg, digest, result)).result).toBe(true);
      const other = createHash(hash).update('other').digest();
      expect((await cryptography.verify(alg, other, result)).result).toBe(false);
    }
  });

  it.each([
    ['P-256', 'ES256'],
    ['P-384', 'ES384'],
    ['P-521', 'ES512'],
    ['P-256K', 'ES256K'],
  ] as const)('creates an EC key on %s and signs with %s', async (curve, alg) => {
    const key = await client.createEcKey(`${prefix}-ec-${curve}`, { curve });
    const cryptography = cryptographyOf(key);
    const hash = hashes[alg.slice(2, 5)] ?? '';
    const data = randomBytes(100);
    const digest = createHash(hash).update(data).digest();
    const { result } = await cryptography.sign(alg, digest);
    const fits = verifySignature(hash, data, { key: publicKeyOf(key), dsaEncoding: 'ieee-p1363' }, result);
    expect(fits).toBe(true);
    expect((await cryptography.verify(alg, digest, result)).result).toBe(true);
  });

  it('imports the RSA key of RFC 7515 A.2, whose signature is that of the RFC', async () => {
    const { kty, ...members } = a2.jwk;
    const jwk = { kty, ...mapValues(members, (text) => Buffer.from(text, 'base64url')) };
    const key = await client.importKey(`${prefix}-rfc-rsa`, jwk, {
      keyOps: ['sign'],
      tags: { from: 'RFC 7515' },
    } as never);
    expect(Buffer.from(key.key?.n ?? []).toString('base64url')).toBe(a2.jwk.n);
    expect([key.key?.d, key.key?.p, key.properties.tags]).toEqual([undefined, undefined, { from: 'RFC 7515' }]);
    const digest = createHash('sha256').update(a2.input).digest();
    const { result } = await cryptographyOf(key).sign('RS256', digest);
    expect(Buffer.from(result).toString('base64url')).toBe(a2.signature);
  });

  it('imports the EC key of RFC 7515 A.3 as a new version of a name, and verifies the signature of the RFC', async () => {
    const { kty, crv, ...numbers } = a3.jwk;
    const first = await client.createEcKey(`${prefix}-rfc-ec`);
    const jwk = { kty, crv, ...mapValues(numbers, (text) => Buffer.from(`AAAA${text}`, 'base64url')) };
    const key = await client.importKey(`${prefix}-rfc-ec`, jwk);
    expect(key.properties.version).not.toBe(first.properties.version);
    const digest = createHash('sha256').update(a3.input).digest();
    const signature = Buffer.from(a3.signature, 'base64url');
    expect((await cryptographyOf(key).verify('ES256', digest, signature)).result).toBe(true);
  });

  itSince('7.2', 'imports a symmetric key, which opens what was encrypted elsewhere', async () => {
    const k = randomBytes(32);
    const key = await client.importKey(`${prefix}-aes`, { kty: 'oct', k });
    expect([key.keyType, key.key?.k]).toEqual(['oct', undefined]);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', k, iv);
    const ciphertext = Buffer.concat([cipher.update('from elsewhere'), cipher.final()]);
    const { result } = await cryptographyOf(key).decrypt({
      algorithm: 'A256GCM',
      ciphertext,
      iv,
      authenticationTag: cipher.getAuthTag(),
    });
    expect(Buffer.from(result).toString()).toBe('from elsewhere');
  });

  itSince('7.3', 'rotates a key, on request and by a policy that it keeps', async () => {
    const name = `${prefix}-rotate`;
    const first = await client.createRsaKey(name, { keyOps: ['sign'], tags: { a: '1' } });
    const byDefault = await client.getKeyRotationPolicy(name);
    expect(byDefault.lifetimeActions).toEqual([{ action: 'Notify', timeBeforeExpiry: 'P30D' }]);
    await client.updateKeyRotationPolicy(name, {
      expiresIn: 'P90D',
      lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry: 'P30D' }],
    });
    const policy = await client.getKeyRotationPolicy(name);
    expect(policy).toMatchObject({
      expiresIn: 'P90D',
      lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry: 'P30D' }],
    });
    expect(policy.createdOn).toBeInstanceOf(Date);
    const second = await client.rotateKey(name);
    expect(second.properties.version).not.toBe(first.properties.version);
    expect([second.keyOperations, second.properties.tags]).toEqual([['sign'], { a: '1' }]);
    const days = ((second.properties.expiresOn?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(89.9);
    await expect(client.updateKeyRotationPolicy(name, { expiresIn: 'P5D' })).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  itSince('7.3', 'gives random bytes, and as many as are asked for', async () => {
    const [one, other] = [await client.getRandomBytes(32), await client.getRandomBytes(32)];
    expect([one.length, other.length]).toEqual([32, 32]);
    expect(Buffer.from(one).equals(other)).toBe(false);
    expect(await client.getRandomBytes(128)).toHaveLength(128);
    for (const count of [0, 129]) {
      await expect(client.getRandomBytes(count)).rejects.toMatchObject({ statusCode: 400, code: 'BadParameter' });
    }
  });

  itSince('7.6', 'has no attestation for a key that is not in hardware', async () => {
    await client.createEcKey(`${prefix}-attest`);
    const asked = client.getKeyAttestation(`${prefix}-attest`);
    await expect(asked).rejects.toMatchObject({ statusCode: 400, code: 'BadParameter' });
  });

  it('backs a key up, and restores it after it is purged', async () => {
    const name = `${prefix}-backup`;
    const first = await client.createRsaKey(name, { tags: { a: '1' } });
    const second = await client.createEcKey(name);
    const digest = createHash('sha256').update('x').digest();
    const { result } = await cryptographyOf(first).sign('RS256', digest);
    const blob = await client.backupKey(name);
    await expect(client.restoreKeyBackup(blob ?? new Uint8Array())).rejects.toMatchObject({ statusCode: 409 });
    await (await client.beginDeleteKey(name)).pollUntilDone();
    await client.purgeDeletedKey(name);
    const restored = await client.restoreKeyBackup(blob ?? new Uint8Array());
    expect(restored.id).toBe(second.id);
    expect((await cryptographyOf(first).verify('RS256', digest, result)).result).toBe(true);
    const old = await client.getKey(name, { version: first.properties.version ?? '' });
    expect(old.properties.tags).toEqual({ a: '1' });
  });

  it('refuses to import a key whose halves do not belong together', async () => {
    const { kty, ...members } = a2.jwk;
    const jwk = { kty, ...mapValues({ ...members, d: members.dp }, (text) => Buffer.from(text, 'base64url')) };
    await expect(client.importKey(`${prefix}-no`, jwk)).rejects.toMatchObject({
      statusCode: 400,
      code: 'BadParameter',
    });
    await expect(client.getKey(`${prefix}-no`)).rejects.toMatchObject({ statusCode: 404 });
    await expect(client.importKey(`${prefix}-no`, jwk, { hardwareProtected: true })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('hardware security module') as unknown,
    });
  });

  it('encrypts, decrypts, wraps and unwraps with every RSA algorithm', async () => {
    const key = await client.createRsaKey(`${prefix}-enc`);
    const cryptography = cryptographyOf(key);
    for (const alg of ['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256'] as const) {
      const plaintext = randomBytes(32);
      const { result } = await cryptography.encrypt({ algorithm: alg, plaintext });
      expect(Buffer.from((await cryptography.decrypt({ algorithm: alg, ciphertext: result })).result)).toEqual(
        plaintext,
      );
      const wrapped = await cryptography.wrapKey(alg, plaintext);
      expect(Buffer.from((await cryptography.unwrapKey(alg, wrapped.result)).result)).toEqual(plaintext);
    }
    const foreign = publicEncrypt(
      { key: publicKeyOf(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      Buffer.from('hello'),
    );
    expect(
      Buffer.from((await cryptography.decrypt({ algorithm: 'RSA-OAEP-256', ciphertext: foreign })).result).toString(),
    ).toBe('hello');
  });

  it('does by itself what the public half is enough for', async () => {
    const key = await client.createRsaKey(`${prefix}-local`);
    const remote = cryptographyOf(key);
    const local = new CryptographyClient(key.key ?? {});
    const data = randomBytes(100);
    const { result: signature } = await remote.signData('RS256', data);
    const asked = conformance.checked.length;
    expect((await local.verifyData('RS256', data, signature)).result).toBe(true);
    expect((await local.verifyData('RS256', randomBytes(100), signature)).result).toBe(false);
    const sealed = await local.encrypt({ algorithm: 'RSA-OAEP', plaintext: data });
    const wrapped = await local.wrapKey('RSA-OAEP', data);
    expect(conformance.checked).toHaveLength(asked);
    const opened = await remote.decrypt({ algorithm: 'RSA-OAEP', ciphertext: sealed.result });
    expect(Buffer.from(opened.result)).toEqual(data);
    expect(Buffer.from((await remote.unwrapKey('RSA-OAEP', wrapped.result)).result)).toEqual(data);
    await expect(local.sign('RS256', createHash('sha256').update(data).digest())).rejects.toThrow();
  });

  it('gets, updates, lists, and makes a new version of an existing name', async () => {
    const name = `${prefix}-props`;
    const first = await client.createRsaKey(name, { tags: { a: '1' }, keyOps: ['sign', 'verify'] });
    const second = await client.createRsaKey(name);
    expect((await client.getKey(name)).properties.version).toBe(second.properties.version);
    const old = await client.getKey(name, { version: first.properties.version ?? '' });
    expect(old.keyOperations).toEqual(['sign', 'verify']);
    expect(old.properties.tags).toEqual({ a: '1' });

    const notBefore = new Date(1_500_000_000_000);
    const updated = await client.updateKeyProperties(name, second.properties.version ?? '', {
      enabled: false,
      notBefore,
    });
    expect(updated.properties).toMatchObject({ enabled: false, notBefore });
    const listed: string[] = [];
    for await (const properties of client.listPropertiesOfKeyVersions(name)) listed.push(properties.version ?? '');
    expect(listed.sort()).toEqual([first.properties.version, second.properties.version].sort());
    const names: string[] = [];
    for await (const page of client.listPropertiesOfKeys().byPage({ maxPageSize: 3 }))
      names.push(...page.map((p) => p.name));
    expect(names).toContain(name);
  });

  it('refuses a disabled key and an operation that the key does not permit', async () => {
    const disabled = await client.createKey(`${prefix}-off`, 'EC', { enabled: false });
    const digest = createHash('sha256').update('x').digest();
    await expect(cryptographyOf(disabled).sign('ES256', digest)).rejects.toMatchObject({
      statusCode: 403,
      code: 'Forbidden',
    });
    const signer = await client.createRsaKey(`${prefix}-sign`, { keyOps: ['sign'] });
    await expect(
      new CryptographyClient(signer.id ?? '', credential(coffer), options()).decrypt({
        algorithm: 'RSA-OAEP-256',
        ciphertext: randomBytes(256),
      }),
    ).rejects.toThrow();
  });

  it('deletes, recovers and purges', async () => {
    const name = `${prefix}-bin`;
    const made = await client.createKey(name, 'EC');
    const deleted = await (await client.beginDeleteKey(name, { intervalInMs: 50 })).pollUntilDone();
    expect(deleted.properties.recoveryId).toBe(`${coffer.vaultUrl()}/deletedkeys/${name}`);
    await expect(client.getKey(name)).rejects.toMatchObject({ statusCode: 404, code: 'KeyNotFound' });
    const recovered = await (await client.beginRecoverDeletedKey(name, { intervalInMs: 50 })).pollUntilDone();
    expect(recovered.id).toBe(made.id);
    await (await client.beginDeleteKey(name, { intervalInMs: 50 })).pollUntilDone();
    const found: string[] = [];
    for await (const key of client.listDeletedKeys()) found.push(key.name);
    expect(found).toContain(name);
    await client.purgeDeletedKey(name);
    await expect(client.getDeletedKey(name)).rejects.toMatchObject({ statusCode: 404 });
  });
});
