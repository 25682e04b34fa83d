import { constants, createHash, createPublicKey, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import { freePort, startCoffer, topology, type RunningCoffer } from '../support/coffer.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';
import { Conformance, credential } from '../support/sdk.js';
import { createSoftHsm, describeWithSoftHsm, type SoftHsm } from '../support/softhsm.js';

const DATA = Buffer.from('what is signed');
const digest = createHash('sha256').update(DATA).digest();
const badParameter = { statusCode: 400, code: 'BadParameter' };
const unavailable = { statusCode: 503, code: 'ServiceUnavailable' };

describeWithSoftHsm('keys in a hardware security module, through the official client', () => {
  let hsm: SoftHsm;
  let coffer: RunningCoffer;
  let internalPort: number;
  let client: KeyClient;
  let conformance: Conformance;
  const options = () => ({
    serviceVersion: '7.6' as const,
    tlsOptions: { ca: coffer.ca },
    retryOptions: { maxRetries: 0 },
    ...conformance.options,
  });
  const cryptographyOf = (key: KeyVaultKey) => new CryptographyClient(key.id ?? '', credential(coffer), options());

  beforeAll(async () => {
    hsm = await createSoftHsm();
    internalPort = await freePort();
    coffer = await startCoffer({
      env: {
        ...hsm.env,
        COFFER_INTERNAL_PORT: String(internalPort),
        COFFER_PKCS11_MODULE: hsm.module,
        COFFER_PKCS11_TOKEN: hsm.token,
        COFFER_PKCS11_PIN_FILE: hsm.pinFile,
      },
    });
    conformance = new Conformance('data', '7.6');
    client = new KeyClient(coffer.vaultUrl(), credential(coffer), options());
  });
  afterAll(async () => {
    await coffer.dispose();
    await hsm.dispose();
    expect(conformance.violations).toEqual([]);
    expect(conformance.checked.length).toBeGreaterThan(40);
  });

  /** The public half as node:crypto reads it. */
  const publicKeyOf = ({ key = {} }: KeyVaultKey) => {
    const b64 = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64url');
    const jwk =
      key.kty === 'RSA-HSM'
        ? { kty: 'RSA', n: b64(key.n), e: b64(key.e) }
        : { kty: 'EC', crv: key.crv, x: b64(key.x), y: b64(key.y) };
    return createPublicKey({ key: jwk as never, format: 'jwk' });
  };

  const makers = {
    'RSA-HSM': (name: string) => client.createRsaKey(name, { hsm: true }),
    'EC-HSM': (name: string) => client.createEcKey(name, { hsm: true }),
    'oct-HSM': (name: string) => client.createOctKey(name, { hsm: true }),
  };
  const types = Object.keys(makers) as (keyof typeof makers)[];

  /** Uses a key in a way that needs its private half; false when the result is wrong. */
  async function works(key: KeyVaultKey): Promise<boolean> {
    const cryptography = cryptographyOf(key);
    if (key.keyType === 'EC-HSM') {
      const { result } = await cryptography.sign('ES256', digest);
      return verify('sha256', DATA, { key: publicKeyOf(key), dsaEncoding: 'ieee-p1363' }, result);
    }
    const secret = randomBytes(32);
    if (key.keyType === 'oct-HSM') {
      const { result } = await cryptography.wrapKey('A256KW', secret);
      return Buffer.from((await cryptography.unwrapKey('A256KW', result)).result).equals(secret);
    }
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
    const wrapped = publicEncrypt({ key: publicKeyOf(key), ...padding }, secret);
    return Buffer.from((await cryptography.unwrapKey('RSA-OAEP', wrapped)).result).equals(secret);
  }

  it.each(types)('%s: created, used, rotated, backed up, deleted, restored, purged', async (type) => {
    const name = `life-${type}`;
    const first = await makers[type](name);
    expect(first.keyType).toBe(type);
    expect(first.properties).toMatchObject({ exportable: false, hsmPlatform: '1' });
    expect((await client.getKey(name)).keyType).toBe(type);
    expect(await works(first)).toBe(true);

    const second = await client.rotateKey(name);
    expect(second.keyType).toBe(type);
    expect(second.properties.version).not.toBe(first.properties.version);
    expect([await works(first), await works(second)]).toEqual([true, true]);

    const backup = await client.backupKey(name);
    const deleted = await (await client.beginDeleteKey(name)).pollUntilDone();
    expect(deleted.keyType).toBe(type);
    await expect(works(second)).rejects.toMatchObject({ statusCode: 404 });
    await client.purgeDeletedKey(name);
    const restored = await client.restoreKeyBackup(backup ?? new Uint8Array());
    expect([restored.id, restored.keyType]).toEqual([second.id, type]);
    expect([await works(first), await works(second)]).toEqual([true, true]);
    expect((await client.rotateKey(name)).keyType).toBe(type);
    await (await client.beginDeleteKey(name)).pollUntilDone();
    await client.purgeDeletedKey(name);
  });

  it('RSA-HSM signs and opens with every algorithm', async () => {
    const key = await client.createRsaKey('all-rsa', { hsm: true });
    const cryptography = cryptographyOf(key);
    for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const) {
      const hash = `sha${alg.slice(2)}`;
      const { result } = await cryptography.sign(alg, createHash(hash).update(DATA).digest());
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      expect(verify(hash, DATA, { key: publicKeyOf(key), ...(alg.startsWith('PS') ? pss : {}) }, result)).toBe(true);
      expect((await cryptography.verify(alg, createHash(hash).update(DATA).digest(), result)).result).toBe(true);
    }
    for (const algorithm of ['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256'] as const) {
      const { result } = await cryptography.encrypt({ algorithm, plaintext: DATA });
      const opened = await cryptography.decrypt({ algorithm, ciphertext: result });
      expect(Buffer.from(opened.result)).toEqual(DATA);
    }
  });

  it('EC-HSM signs on every curve', async () => {
    for (const [curve, alg, hash] of [
      ['P-256', 'ES256', 'sha256'],
      ['P-384', 'ES384', 'sha384'],
      ['P-521', 'ES512', 'sha512'],
      ['P-256K', 'ES256K', 'sha256'],
    ] as const) {
      const key = await client.createEcKey(`all-ec-${curve}`, { hsm: true, curve });
      const cryptography = cryptographyOf(key);
      const hashed = createHash(hash).update(DATA).digest();
      const { result } = await cryptography.sign(alg, hashed);
      expect((await cryptography.verify(alg, hashed, result)).result).toBe(true);
    }
  });

  it('oct-HSM encrypts with GCM and CBC, and says what the module cannot do', async () => {
    const cryptography = cryptographyOf(await client.createOctKey('all-oct', { hsm: true, keySize: 256 }));
    const sealed = await cryptography.encrypt({ algorithm: 'A256GCM', plaintext: DATA });
    const { iv = Buffer.alloc(0), authenticationTag = Buffer.alloc(0), result: ciphertext } = sealed;
    const opened = await cryptography.decrypt({ algorithm: 'A256GCM', ciphertext, iv, authenticationTag });
    expect(Buffer.from(opened.result)).toEqual(DATA);
    const wrong = cryptography.decrypt({ algorithm: 'A256GCM', ciphertext, iv, authenticationTag: randomBytes(16) });
    await expect(wrong).rejects.toMatchObject(badParameter);
    const padded = await cryptography.encrypt({ algorithm: 'A256CBCPAD', plaintext: DATA });
    const unpadded = { algorithm: 'A256CBCPAD' as const, ciphertext: padded.result, iv: padded.iv ?? Buffer.alloc(0) };
    expect(Buffer.from((await cryptography.decrypt(unpadded)).result)).toEqual(DATA);

    const token = await tokenFor(coffer, vaultResource(coffer));
    const sign = (alg: string) =>
      ask(coffer, `${coffer.vaultUrl()}/keys/all-oct/sign?api-version=7.6`, {
        method: 'POST',
        token,
        body: { alg, value: DATA.toString('base64url') },
      });
    expect((await sign('HS256')).status).toBe(200);
    const refused = await sign('HS512');
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('The hardware security module does not support HS512 with this key.');
  });

  it('takes a key in, which is then in the module, and lets none of its keys out', async () => {
    const members = { kty: 'oct', k: randomBytes(32) } as const;
    const key = await client.importKey('brought', members, { hardwareProtected: true });
    expect(key.keyType).toBe('oct-HSM');
    expect(await works(key)).toBe(true);
    const exportable = client.createKey('leaving', 'RSA-HSM', {
      exportable: true,
      keyOps: ['encrypt', 'decrypt', 'export'],
      releasePolicy: { encodedPolicy: Buffer.from('{"version":"1.0.0","anyOf":[]}') },
    });
    await expect(exportable).rejects.toMatchObject(badParameter);
  });

  describe('that was lost', () => {
    /** Processes of the module, one for each gateway. */
    const pids = () =>
      coffer.lines.all.flatMap((line) => {
        const pid = /"pid":(\d+),.*the hardware security module is ready/.exec(line)?.[1];
        return pid === undefined ? [] : [Number(pid)];
      });
    const end = () => {
      for (const pid of pids()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended before.
        }
      }
    };

    /** Until it works again, whichever instance answers. */
    async function recovered(keys: readonly KeyVaultKey[]): Promise<void> {
      const until = performance.now() + 60_000;
      for (let good = 0; good < 4;) {
        const results = await Promise.allSettled(keys.map(works));
        good = results.every((result) => result.status === 'fulfilled' && result.value) ? good + 1 : 0;
        if (performance.now() > until) throw new Error(`no recovery: ${JSON.stringify(results)}`);
        if (good === 0) await sleep(200);
      }
    }

    /** Keys are made by other processes of the module, which come back in their own time. */
    async function soon<T>(work: () => Promise<T>): Promise<T> {
      for (const until = performance.now() + 60_000; ;) {
        try {
          return await work();
        } catch (error) {
          expect(error).toMatchObject(unavailable);
          if (performance.now() > until) throw error;
          await sleep(200);
        }
      }
    }

    /** What monitoring sees; separate services have a port each, which is not told here. */
    async function expectReady(ready: 0 | 1): Promise<void> {
      if (topology !== 'standalone') return;
      const metrics = await (await fetch(`http://127.0.0.1:${internalPort}/metrics`)).text();
      expect(metrics).toMatch(new RegExp(`^coffer_crypto_gateway_hardware_module_ready\\{.*\\} ${ready}$`, 'm'));
    }

    it('comes back by itself when its process was killed', async () => {
      const keys = await Promise.all(types.map((type) => makers[type](`killed-${type}`)));
      expect(pids().length).toBeGreaterThan(0);
      for (let i = 0; i < 3; i += 1) {
        end();
        await recovered(keys);
      }
    });

    it('answers 503 while the token is away, serves keys in software, and goes on with the same keys', async () => {
      const keys = await Promise.all(types.map((type) => makers[type](`away-${type}`)));
      const software = await client.createEcKey('software');
      await hsm.hide();
      end();
      // The answers to what is under way at that moment may still be good.
      for (let refused = 0; refused < 6;) {
        const results = await Promise.allSettled([...keys.map(works), makers['EC-HSM']('away-new')]);
        const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
        for (const error of failed) expect(error).toMatchObject(unavailable);
        refused = failed.length === results.length ? refused + 1 : 0;
        await sleep(50);
      }
      const { result } = await cryptographyOf(software).sign('ES256', digest);
      expect((await cryptographyOf(software).verify('ES256', digest, result)).result).toBe(true);
      expect((await client.getKey('away-RSA-HSM')).keyType).toBe('RSA-HSM');
      await expectReady(0);
      await hsm.show();
      await recovered(keys);
      await expectReady(1);
      expect(await works(await soon(() => makers['EC-HSM']('away-new')))).toBe(true);
    });
  });
});
