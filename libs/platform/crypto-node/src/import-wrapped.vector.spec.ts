import { execFileSync } from 'node:child_process';
import {
  constants,
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CryptoProvider, KeyHandle, TransferableType } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';
import { createCryptoProvider } from './index.js';
import { expectOneAnswer } from './spec-keys.spec.js';

let provider: CryptoProvider;
let directory: string;
let kek: KeyHandle;
const kekPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEK_BYTES = 256;
const pkcs8 = (key: KeyObject) => key.export({ format: 'der', type: 'pkcs8' });
beforeAll(() => {
  provider = createCryptoProvider({ threads: 1 });
  directory = mkdtempSync(path.join(tmpdir(), 'coffer-transfer-'));
  kek = provider.load(SecretBytes.own(pkcs8(kekPair.privateKey)));
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await provider.close();
});

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const aesWrap = (aes: Buffer, content: Buffer) =>
  createCipheriv(`id-aes${aes.length * 8}-wrap-pad`, aes, Buffer.from('a65959a6', 'hex')).update(content);
function wrap(content: Buffer, { to = kekPair.publicKey, oaepHash = 'sha1', aes = randomBytes(32) } = {}): Buffer {
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  return Buffer.concat([publicEncrypt({ key: to, ...padding }, aes), aesWrap(aes, content)]);
}
const take = (wrapped: Uint8Array, kty: TransferableType = 'EC') => provider.importWrapped(kek, wrapped, kty);

/** Makes and wraps a key by the OpenSSL program alone, as its documentation and Azure's describe it. */
function byOpenssl(options: readonly string[]): { wrapped: Buffer; made: KeyObject } {
  const file = (name: string) => path.join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  openssl('genpkey', ...options, '-outform', 'DER', '-out', file('raw.der'));
  openssl(
    'pkcs8',
    '-topk8',
    '-nocrypt',
    '-inform',
    'DER',
    '-in',
    file('raw.der'),
    '-outform',
    'DER',
    '-out',
    file('key.der'),
  );
  writeFileSync(file('kek.pem'), kekPair.publicKey.export({ format: 'pem', type: 'spki' }));
  const aes = randomBytes(32);
  writeFileSync(file('aes'), aes);
  const oaep = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha1', 'rsa_mgf1_md:sha1'].flatMap((o) => ['-pkeyopt', o]);
  const first = openssl('pkeyutl', '-encrypt', '-pubin', '-inkey', file('kek.pem'), '-in', file('aes'), ...oaep);
  const key = ['-K', aes.toString('hex'), '-iv', 'A65959A6'];
  const second = openssl('enc', '-id-aes256-wrap-pad', ...key, '-in', file('key.der'));
  const made = createPrivateKey({ key: readFileSync(file('key.der')), format: 'der', type: 'pkcs8' });
  return { wrapped: Buffer.concat([first, second]), made };
}

describe('a key that OpenSSL has made and wrapped', () => {
  it.each([
    ['RSA', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
    ['RSA', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:4096']],
    ...['P-256', 'P-384', 'P-521', 'secp256k1'].map(
      (curve) => ['EC', ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`]] as const,
    ),
  ] as const)('is taken: %s %j', async (kty, options) => {
    const { wrapped, made } = byOpenssl(options);
    const { crv = '', ...numbers } = createPublicKey(made).export({ format: 'jwk' });
    const taken = await take(wrapped, kty);
    expect(taken.public).toEqual({ ...numbers, ...(kty === 'EC' ? { crv: crv.replace('secp256k1', 'P-256K') } : {}) });
    expect(createPrivateKey({ key: taken.privateKey.expose(), format: 'der', type: 'pkcs8' }).equals(made)).toBe(true);
  });
});

describe('whatever does not open gets the one answer', () => {
  const good = wrap(pkcs8(ec.privateKey));
  const changed = (at: number, bit = 1) => {
    const copy = Buffer.from(good);
    copy[at] = (copy[at] ?? 0) ^ bit;
    return copy;
  };
  const last = good.length - 1;

  it('but the same untouched is taken', async () => {
    expect((await take(good)).public).toMatchObject({ kty: 'EC' });
  });

  it.each([
    ['the first byte of the RSA block', changed(0, 0x80)],
    ['the middle of the RSA block', changed(KEK_BYTES / 2)],
    ['the last byte of the RSA block', changed(KEK_BYTES - 1)],
    ['the integrity value', changed(KEK_BYTES)],
    ['the length', changed(KEK_BYTES + 7)],
    ['the wrapped key', changed(KEK_BYTES + 40)],
    ['the last byte', changed(last, 0x80)],
    ['nothing at all', Buffer.alloc(0)],
    ['a cut in the RSA block', good.subarray(0, 100)],
    ['no AES part', good.subarray(0, KEK_BYTES)],
    ['half an AES block', good.subarray(0, KEK_BYTES + 8)],
    ['an AES part cut by a byte', good.subarray(0, last)],
    ['an AES part cut by half a block', good.subarray(0, good.length - 8)],
    ['an AES part that is longer', Buffer.concat([good, Buffer.alloc(8)])],
    ['far too much', Buffer.concat([good, Buffer.alloc(8192)])],
    ['a block of zeroes', Buffer.concat([Buffer.alloc(KEK_BYTES), good.subarray(KEK_BYTES)])],
    ['a block larger than the modulus', Buffer.concat([Buffer.alloc(KEK_BYTES, 0xff), good.subarray(KEK_BYTES)])],
    ['another KEK', wrap(pkcs8(ec.privateKey), { to: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey })],
    ['a larger KEK', wrap(pkcs8(ec.privateKey), { to: generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey })],
    ['OAEP with SHA-256', wrap(pkcs8(ec.privateKey), { oaepHash: 'sha256' })],
    ['an AES key of 128 bits', wrap(pkcs8(ec.privateKey), { aes: randomBytes(16) })],
    ['no DER', wrap(randomBytes(138))],
    ['a public key', wrap(ec.publicKey.export({ format: 'der', type: 'spki' }))],
    ['SEC 1 instead of PKCS#8', wrap(ec.privateKey.export({ format: 'der', type: 'sec1' }))],
    [
      'an encrypted PKCS#8',
      wrap(ec.privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })),
    ],
    ['a cut PKCS#8', wrap(pkcs8(ec.privateKey).subarray(0, 60))],
  ])('%s', async (_what, wrapped) => {
    await expectOneAnswer(take(wrapped));
  });

  it('a key whose AES key opens elsewhere, under an RSA block of the same KEK that is not its own', async () => {
    const other = wrap(pkcs8(ec.privateKey));
    await expectOneAnswer(take(Buffer.concat([other.subarray(0, KEK_BYTES), good.subarray(KEK_BYTES)])));
  });
});

describe('a key that opens and is no good', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const refused = (message: RegExp) => ({ code: 'BadParameter', message: expect.stringMatching(message) as string });
  /** PKCS#8 in which one number is another of the same length. */
  const withByte = (key: KeyObject, number: string | undefined) => {
    const der = pkcs8(key);
    const bytes = Buffer.from(number ?? '', 'base64url');
    const at = der.indexOf(bytes) + bytes.length - 1;
    der[at] = (der[at] ?? 0) ^ 2;
    return der;
  };
  const numbers = rsa.privateKey.export({ format: 'jwk' });

  it.each<[string, TransferableType, Buffer, RegExp]>([
    ['an EC key as RSA', 'RSA', pkcs8(ec.privateKey), /^Property key\.kty /],
    ['an RSA key as EC', 'EC', pkcs8(rsa.privateKey), /^Property key\.kty /],
    [
      'an RSA-PSS key',
      'RSA',
      pkcs8(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey),
      /^Property key\.kty /,
    ],
    ['an Ed25519 key', 'EC', pkcs8(generateKeyPairSync('ed25519').privateKey), /^Property key\.kty /],
    ['an X25519 key', 'EC', pkcs8(generateKeyPairSync('x25519').privateKey), /^Property key\.kty /],
    [
      'RSA of 1024 bits',
      'RSA',
      pkcs8(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      /^Property key\.n /,
    ],
    [
      'RSA of 2560 bits',
      'RSA',
      pkcs8(generateKeyPairSync('rsa', { modulusLength: 2560 }).privateKey),
      /^Property key\.n /,
    ],
    ['RSA with another exponent', 'RSA', withByte(rsa.privateKey, numbers.d), /^Property key\.d /],
    ['RSA with a changed prime', 'RSA', withByte(rsa.privateKey, numbers.p), /^Property key\.p /],
    ['RSA with a changed coefficient', 'RSA', withByte(rsa.privateKey, numbers.qi), /^Property key\.qi /],
    [
      'a curve that vaults do not have',
      'EC',
      pkcs8(generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey),
      /supported curve/,
    ],
    [
      'a curve that JWK has no name for',
      'EC',
      pkcs8(generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).privateKey),
      /supported curve/,
    ],
  ])('%s is refused, with the reason', async (_what, kty, content, message) => {
    await expect(take(wrap(content), kty)).rejects.toMatchObject(refused(message));
  });

  it('an EC key with the point of another is refused', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    const point = Buffer.concat([other.x, other.y].map((number) => Buffer.from(number ?? '', 'base64url')));
    const der = pkcs8(ec.privateKey);
    point.copy(der, der.length - point.length);
    await expect(take(wrap(der))).rejects.toMatchObject({ code: 'BadParameter' });
  });

  it('an EC key without its point is taken: it follows from the scalar', async () => {
    const sec1 = ec.privateKey.export({ format: 'der', type: 'sec1' });
    const scalar = sec1.subarray(7, 39);
    const inner = Buffer.concat([Buffer.from('30250201010420', 'hex'), scalar]);
    const algorithm = Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex');
    const rest = Buffer.concat([Buffer.from('020100', 'hex'), algorithm, Buffer.from([0x04, inner.length]), inner]);
    const taken = await take(wrap(Buffer.concat([Buffer.from([0x30, rest.length]), rest])));
    const { x, y } = ec.publicKey.export({ format: 'jwk' });
    expect(taken.public).toEqual({ kty: 'EC', crv: 'P-256', x, y });
  });
});

it('a key that is not RSA opens nothing', async () => {
  const handle = provider.load(SecretBytes.own(pkcs8(ec.privateKey)));
  const taken = provider.importWrapped(handle, wrap(pkcs8(ec.privateKey)), 'EC');
  await expect(taken).rejects.toMatchObject({
    code: 'BadParameter',
    message: expect.stringContaining(`type 'RSA'`) as string,
  });
});
