import {
  constants,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  privateDecrypt,
  type KeyObject,
  type X25519KeyPairOptions,
} from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import { offline, type Offline } from '../support/byok.js';

const KID = 'https://demo.vault.localhost:8443/keys/kek/0123456789abcdef0123456789abcdef';
const kek = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kekPem = kek.publicKey.export({ format: 'pem', type: 'spki' });
const kekJwk = { ...kek.publicKey.export({ format: 'jwk' }), kid: KID, key_ops: ['import'] };
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8', more: object = {}) =>
  key.export({ format: 'pem', type, ...more });

let machine: Offline;
beforeEach(async () => {
  machine = await offline();
  await machine.write('kek.pem', kekPem);
  await machine.write('kek.json', JSON.stringify(kekJwk));
  await machine.write('key.pem', pem(ec));
});
afterEach(() => machine.remove());

interface Blob {
  readonly header: object;
  readonly ciphertext: string;
}
const blobIn = async (file: string) => JSON.parse((await machine.read(file)).toString()) as Blob;

/** What the vault does with a blob. */
function opened({ ciphertext }: Blob): KeyObject {
  const bytes = Buffer.from(ciphertext, 'base64url');
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
  const aes = privateDecrypt({ key: kek.privateKey, ...padding }, bytes.subarray(0, 256));
  expect(aes).toHaveLength(32);
  const cipher = createDecipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'));
  return createPrivateKey({ key: cipher.update(bytes.subarray(256)), format: 'der', type: 'pkcs8' });
}

describe('coffer byok', () => {
  it('writes a blob in the form of the specification, which its owner alone may read', async () => {
    const ran = await machine.byok('--kek', 'kek.pem', '--kid', KID, '--key', 'key.pem');
    expect(ran).toEqual({ code: 0, stdout: 'key.byok\n', stderr: '' });
    const blob = await blobIn('key.byok');
    expect(blob).toEqual({
      schema_version: '1.0.0',
      header: { kid: KID, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
      ciphertext: expect.stringMatching(/^[\w-]+$/) as string,
      generator: expect.stringContaining('Coffer') as string,
    });
    expect(statSync(path.join(machine.directory, 'key.byok')).mode & 0o777).toBe(0o600);
    expect(opened(blob).equals(ec)).toBe(true);
  });

  it.each([
    ['PKCS#8 of RSA', rsa, pem(rsa)],
    ['PKCS#1', rsa, pem(rsa, 'pkcs1')],
    ['PKCS#8 of EC', ec, pem(ec)],
    ['SEC 1', ec, pem(ec, 'sec1')],
    ['encrypted PKCS#8', rsa, pem(rsa, 'pkcs8', { cipher: 'aes-256-cbc', passphrase: 'correct horse' })],
    ['encrypted PKCS#1', rsa, pem(rsa, 'pkcs1', { cipher: 'aes-256-cbc', passphrase: 'correct horse' })],
  ])('reads %s', async (_what, key, text) => {
    await machine.write('my.pem', text);
    await machine.write('pass', 'correct horse\r\nsecond line\n');
    const options = ['--key', 'my.pem', '--passphrase-file', 'pass', '--out', 'out.byok'];
    expect(await machine.byok('--kek', 'kek.json', ...options)).toEqual({ code: 0, stdout: 'out.byok\n', stderr: '' });
    expect(opened(await blobIn('out.byok')).equals(key)).toBe(true);
  });

  it.each([
    ['a JWK', kekJwk],
    ['what the vault answers', { key: kekJwk, attributes: { enabled: true } }],
    [
      'what Azure’s command line prints',
      { key: { kid: KID, kty: 'RSA', keyOps: ['import'], n: kekJwk.n, e: kekJwk.e, d: null } },
    ],
    ['a key that is in hardware', { key: { ...kekJwk, kty: 'RSA-HSM' } }],
  ])('reads an exchange key from %s', async (_what, json) => {
    await machine.write('kek.json', JSON.stringify(json));
    expect(await machine.byok('--kek', 'kek.json', '--key', 'key.pem')).toMatchObject({ code: 0 });
    expect((await blobIn('key.byok')).header).toMatchObject({ kid: KID });
  });

  const named = ['--kid', KID];
  it.each<[string, string[], RegExp]>([
    ['no identifier', ['--kek', 'kek.pem'], /--kid/],
    ['an identifier without a version', ['--kek', 'kek.pem', '--kid', KID.slice(0, -33)], /is not https:/],
    ['the identifier of another key', ['--kek', 'kek.json', '--kid', KID.replace('kek', 'other')], /not about/],
    ['no such exchange key', ['--kek', 'none.pem', ...named], /^none\.pem: there is no such file/],
    ['a directory', ['--kek', '.', ...named], /directory/],
    ['the private half', ['--kek', 'private.pem', ...named], /private key; only the public half/],
    ['the private half as JWK', ['--kek', 'private.json', ...named], /private key; only the public half/],
    ['an EC exchange key', ['--kek', 'ec.pem', ...named], /RSA key of 2048, 3072 or 4096/],
    ['a small exchange key', ['--kek', 'small.pem', ...named], /RSA key of 2048, 3072 or 4096/],
    ['a key for other things', ['--kek', 'ordinary.json', ...named], /only operation must be import/],
    ['no JSON', ['--kek', 'half.json', ...named], /no JSON/],
    ['no key', ['--kek', 'noise', ...named], /no public key/],
    ['a file that is too long', ['--kek', 'long', ...named], /too long/],
  ])('refuses %s', async (_what, options, message) => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    await machine.write('private.pem', pem(kek.privateKey));
    await machine.write('private.json', JSON.stringify(kek.privateKey.export({ format: 'jwk' })));
    await machine.write(
      'ec.pem',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' }),
    );
    await machine.write('small.pem', small.export({ format: 'pem', type: 'spki' }));
    await machine.write('ordinary.json', JSON.stringify({ ...kekJwk, key_ops: ['import', 'decrypt'] }));
    await machine.write('half.json', '{"kty":');
    await machine.write('noise', 'noise');
    await machine.write('long', 'x'.repeat(70_000));
    const ran = await machine.byok(...options, '--key', 'key.pem');
    expect(ran).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(message) as string });
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
    await expect(machine.read('key.byok')).rejects.toThrow('ENOENT');
  });

  const plain: X25519KeyPairOptions<'pem', 'pem'> = {
    publicKeyEncoding: { format: 'pem', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
  };
  it.each<[string, unknown, RegExp]>([
    ['1', 'AQ', /public exponent/],
    ['2', 'Ag', /public exponent/],
    ['0', 'AA', /public exponent/],
    ['missing', undefined, /no public key/],
    ['no text', 65537, /no public key/],
  ])(
    'refuses an exchange key whose public exponent is %s: not even the vault could keep what is wrapped to it',
    async (_what, e, message) => {
      await machine.write('kek.json', JSON.stringify({ ...kekJwk, e }));
      const ran = await machine.byok('--kek', 'kek.json', '--key', 'key.pem');
      expect(ran).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(message) as string });
      await expect(machine.read('key.byok')).rejects.toThrow('ENOENT');
    },
  );

  it.each<[string, string | Buffer, string[], RegExp]>([
    ['a public key', kekPem, [], /no private key/],
    ['noise', 'noise', [], /no private key/],
    ['another type', generateKeyPairSync('x25519', plain).privateKey, [], /must be RSA of/],
    [
      'a size that vaults do not have',
      pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      [],
      /must be RSA of/,
    ],
    [
      'a curve that vaults do not have',
      pem(generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey),
      [],
      /P-256K/,
    ],
    [
      'a passphrase and no terminal',
      pem(ec, 'pkcs8', { cipher: 'aes-256-cbc', passphrase: 'x' }),
      [],
      /--passphrase-file/,
    ],
    [
      'a wrong passphrase',
      pem(ec, 'pkcs8', { cipher: 'aes-256-cbc', passphrase: 'x' }),
      ['--passphrase-file', 'kek.pem'],
      /passphrase is wrong/,
    ],
  ])('refuses a key file with %s', async (_what, text, options, message) => {
    await machine.write('my.pem', text);
    const ran = await machine.byok('--kek', 'kek.json', '--key', 'my.pem', ...options);
    expect(ran).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(message) as string });
    await expect(machine.read('my.byok')).rejects.toThrow('ENOENT');
  });

  it('does not write over a file', async () => {
    await machine.write('key.byok', 'mine');
    const ran = await machine.byok('--kek', 'kek.json', '--key', 'key.pem');
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('not overwritten') as string });
    expect((await machine.read('key.byok')).toString()).toBe('mine');
  });

  it.each([[[]], [['--kek', 'kek.json']], [['--unknown']], [['more', '--kek', 'kek.json', '--key', 'key.pem']]])(
    'explains itself when called with %j',
    async (args) => {
      const ran = await machine.byok(...args);
      expect(ran).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/^Usage: coffer byok/) as string,
      });
    },
  );
});
