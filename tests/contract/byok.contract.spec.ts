import { createHash, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CryptographyClient, KeyClient, type JsonWebKey, type KeyVaultKey } from '@azure/keyvault-keys';
import { offline, type Offline } from '../support/byok.js';
import { startCoffer, type RunningCoffer } from '../support/coffer.js';
import { Conformance, credential } from '../support/sdk.js';

let coffer: RunningCoffer;
let machine: Offline;
beforeAll(async () => {
  coffer = await startCoffer();
  machine = await offline();
});
afterAll(async () => {
  await coffer.dispose();
  await machine.remove();
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const digestOf = (hash: string) => createHash(hash).update('message').digest();

describe.each(['7.4', '7.6', '2025-07-01'])('bring your own key by the official client, api-version %s', (version) => {
  const prefix = `byok-${version.replace('.', '-')}`;
  let conformance: Conformance;
  let client: KeyClient;
  let kek: KeyVaultKey;
  beforeAll(async () => {
    conformance = new Conformance('data', version);
    const options = { serviceVersion: version as '7.6', tlsOptions: { ca: coffer.ca }, ...conformance.options };
    client = new KeyClient(coffer.vaultUrl(), credential(coffer), options);
    kek = await client.createRsaKey(`${prefix}-kek`, { keySize: 4096, keyOps: ['import'] });
    await machine.write(`${prefix}-kek.json`, JSON.stringify(publicJwk(kek)));
  });
  afterAll(() => {
    expect(conformance.violations).toEqual([]);
    expect(conformance.checked.length).toBeGreaterThan(5);
  });

  /** What goes to the machine without a network; `docs/bring-your-own-key.md` has it, too. */
  function publicJwk({ key: { kty, n = Buffer.alloc(0), e = Buffer.alloc(0) } = {}, id }: KeyVaultKey) {
    return { kid: id, kty, n: Buffer.from(n).toString('base64url'), e: Buffer.from(e).toString('base64url') };
  }

  async function blobOf(key: KeyObject, name: string): Promise<Buffer> {
    await machine.write(`${name}.pem`, key.export({ format: 'pem', type: 'pkcs8' }));
    const ran = await machine.byok('--kek', `${prefix}-kek.json`, '--key', `${name}.pem`, '--out', `${name}.byok`);
    expect(ran).toMatchObject({ code: 0 });
    return machine.read(`${name}.byok`);
  }

  it.each([
    ['RSA', 'PS256', 'sha256', rsa],
    ['EC', 'ES384', 'sha384', ec],
  ] as const)(
    'takes an %s key, which signs what its owner verifies',
    async (kty, alg, hash, { privateKey, publicKey }) => {
      const t = await blobOf(privateKey, `${prefix}-${kty}`);
      const jwk: JsonWebKey = { kty, t, keyOps: ['sign', 'verify'] };
      const key = await client.importKey(`${prefix}-${kty}`, jwk, { tags: { from: 'offline' } });
      expect(key).toMatchObject({
        keyType: kty,
        keyOperations: ['sign', 'verify'],
        properties: { tags: { from: 'offline' } },
      });
      const options = { serviceVersion: version as '7.6', tlsOptions: { ca: coffer.ca } };
      const cryptography = new CryptographyClient(key.id ?? '', credential(coffer), options);
      const { result } = await cryptography.sign(alg, digestOf(hash));
      const how = kty === 'RSA' ? { padding: 6, saltLength: 32 } : { dsaEncoding: 'ieee-p1363' as const };
      expect(verify(hash, Buffer.from('message'), { key: publicKey, ...how }, result)).toBe(true);
    },
  );

  it('opens nothing with a disabled exchange key, nor a blob that was changed', async () => {
    const t = await blobOf(ec.privateKey, `${prefix}-no`);
    const blob = JSON.parse(t.toString()) as { ciphertext: string };
    const changed = { ...blob, ciphertext: blob.ciphertext.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) };
    const bring = (content: Buffer) => client.importKey(`${prefix}-no`, { kty: 'EC', t: content });
    await expect(bring(Buffer.from(JSON.stringify(changed)))).rejects.toMatchObject({
      statusCode: 400,
      code: 'BadParameter',
      message: 'The parameter is incorrect.',
    });
    await client.updateKeyProperties(kek.name, { enabled: false });
    await expect(bring(t)).rejects.toMatchObject({ statusCode: 403, code: 'Forbidden' });
    await client.updateKeyProperties(kek.name, { enabled: true });
    expect((await bring(t)).keyType).toBe('EC');
  });

  it('lets the exchange key do nothing else', async () => {
    const { keyOperations } = await client.getKey(kek.name);
    expect(keyOperations).toEqual(['import']); // the client refuses everything else by itself
    const options = { tlsOptions: { ca: coffer.ca } };
    const cryptography = new CryptographyClient(kek.id ?? '', credential(coffer), options);
    await expect(cryptography.sign('RS256', digestOf('sha256'))).rejects.toThrow(
      'Operation sign is not supported on key',
    );
    const more = client.updateKeyProperties(kek.name, { keyOps: ['import', 'decrypt'] });
    await expect(more).rejects.toMatchObject({ statusCode: 400 });
    await expect(client.createEcKey(`${prefix}-ec-kek`, { keyOps: ['import'] })).rejects.toMatchObject({
      statusCode: 400,
    });
  });
});

it('the commands of the page about it work', async () => {
  const page = await readFile(new URL('../../docs/bring-your-own-key.md', import.meta.url), 'utf8');
  const commands = [...page.matchAll(/^npx coffer byok (.+)$/gm)].map(([, options = '']) => options.split(' '));
  expect(commands.length).toBeGreaterThan(0);
  const own = await offline();
  const kid = 'https://demo.vault.localhost:8443/keys/kek/0123456789abcdef0123456789abcdef';
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await own.write('kek.json', JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid }));
  await own.write('kek.pem', publicKey.export({ format: 'pem', type: 'spki' }));
  await own.write('private.pem', ec.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  for (const [index, options] of commands.entries()) {
    const ran = await own.byok(
      ...options.map((option) => (option === '"$KID"' ? kid : option)),
      '--out',
      `${index}.byok`,
    );
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  }
  await own.remove();
});
