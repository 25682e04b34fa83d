import { execFileSync } from 'node:child_process';
import { createDecipheriv, createPrivateKey, createPublicKey, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportWraps, keyFormatOf, type CryptoProvider, type KeySpec, type NewKey } from '@coffer/contracts';
import { createCryptoProvider } from './index.js';

let provider: CryptoProvider;
let directory: string;
beforeAll(() => {
  provider = createCryptoProvider({ threads: 1 });
  directory = mkdtempSync(path.join(tmpdir(), 'coffer-export-'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await provider.close();
});

const recipient = generateKeyPairSync('rsa', { modulusLength: 3072 });
const jwkOf = (key: { export(options: { format: 'jwk' }): { n?: string; e?: string } }) => {
  const { n = '', e = '' } = key.export({ format: 'jwk' });
  return { n, e };
};
const to = jwkOf(recipient.publicKey);
const WRAPPED_BYTES = 3072 / 8;

const specs: readonly KeySpec[] = [
  { kty: 'RSA', keySize: 2048, publicExponent: 65537 },
  ...(['P-256', 'P-384', 'P-521', 'P-256K'] as const).map((crv) => ({ kty: 'EC', crv }) as const),
  ...([128, 192, 256] as const).map((keySize) => ({ kty: 'oct', keySize }) as const),
];
const hashes = { CKM_RSA_AES_KEY_WRAP: 'sha1', RSA_AES_KEY_WRAP_256: 'sha256', RSA_AES_KEY_WRAP_384: 'sha384' };
const cases = specs.flatMap((spec) => exportWraps.map((wrap) => [JSON.stringify(spec), wrap, spec] as const));

function loaded(made: NewKey) {
  return provider.load(made.privateKey, keyFormatOf(made.spec));
}

/** By the OpenSSL program, which knows nothing of this code: `openssl pkeyutl` for RSA-OAEP. */
function ephemeralByOpenssl(wrapped: Uint8Array, hash: string): Buffer {
  const key = path.join(directory, 'key.pem');
  writeFileSync(key, recipient.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:${hash}`, `rsa_mgf1_md:${hash}`];
  const args = ['pkeyutl', '-decrypt', '-inkey', key, ...options.flatMap((option) => ['-pkeyopt', option])];
  return execFileSync('openssl', args, { input: wrapped });
}

/** RFC 5649 by hand, on the bare AES block cipher. */
function unwrapPadded(kek: Uint8Array, wrapped: Buffer): Buffer {
  const open = (block: Buffer) => {
    const cipher = createDecipheriv('aes-256-ecb', kek, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  };
  const blocks = wrapped.length / 8 - 1;
  let a = wrapped.subarray(0, 8);
  let r = Array.from({ length: blocks }, (_, i) => wrapped.subarray(8 + 8 * i, 16 + 8 * i));
  if (blocks === 1) {
    const block = open(wrapped);
    [a, r] = [block.subarray(0, 8), [block.subarray(8)]];
  } else {
    for (let j = 5; j >= 0; j -= 1) {
      for (let i = blocks; i >= 1; i -= 1) {
        const t = Buffer.alloc(8);
        t.writeBigUInt64BE(a.readBigUInt64BE() ^ BigInt(blocks * j + i));
        const block = open(Buffer.concat([t, r[i - 1] ?? Buffer.alloc(0)]));
        [a, r[i - 1]] = [block.subarray(0, 8), block.subarray(8)];
      }
    }
  }
  expect(a.subarray(0, 4).toString('hex')).toBe('a65959a6');
  const padded = Buffer.concat(r);
  const length = a.readUInt32BE(4);
  expect(padded.subarray(length)).toEqual(Buffer.alloc(padded.length - length));
  return padded.subarray(0, length);
}

describe('a wrapped export', () => {
  it.each(cases)('of %s by %s is opened by others and is the key itself', async (_text, wrap, spec) => {
    const made = await provider.generate(spec);
    const handle = loaded(made);
    const blob = await provider.exportWrapped(handle, to, wrap);
    const ephemeral = ephemeralByOpenssl(blob.subarray(0, WRAPPED_BYTES), hashes[wrap]);
    expect(ephemeral).toHaveLength(32);
    const opened = unwrapPadded(ephemeral, blob.subarray(WRAPPED_BYTES));
    expect(opened).toEqual(made.privateKey.expose());
    provider.release(handle);
  });

  it.each(specs.filter(({ kty }) => kty !== 'oct'))('of %j belongs to the public key', async (spec) => {
    const made = await provider.generate(spec);
    const blob = await provider.exportWrapped(loaded(made), to, 'RSA_AES_KEY_WRAP_256');
    const key = privateDecrypt({ key: recipient.privateKey, oaepHash: 'sha256' }, blob.subarray(0, WRAPPED_BYTES));
    const der = unwrapPadded(key, blob.subarray(WRAPPED_BYTES));
    const jwk = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
    expect(jwk).toMatchObject({ ...made.public, ...(jwk.crv === 'secp256k1' ? { crv: 'secp256k1' } : {}) });
  });

  it('takes a new ephemeral key each time', async () => {
    const handle = loaded(await provider.generate({ kty: 'oct', keySize: 256 }));
    const blobs = await Promise.all([1, 2].map(() => provider.exportWrapped(handle, to, 'CKM_RSA_AES_KEY_WRAP')));
    expect(blobs[0]).not.toEqual(blobs[1]);
    expect(blobs[0]?.subarray(WRAPPED_BYTES)).not.toEqual(blobs[1]?.subarray(WRAPPED_BYTES));
  });

  it.each([
    ['too short', jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ['too long', { n: Buffer.alloc(2048, 0xff).toString('base64url'), e: 'AQAB' }],
    ['without encryption', { ...to, e: 'AQ' }],
    ['with an even exponent', { ...to, e: 'Ag' }],
    ['nothing', { n: '', e: '' }],
    ['no base64url', { n: '!', e: '!' }],
  ])('refuses a recipient whose key is %s', async (_what, key) => {
    const handle = loaded(await provider.generate({ kty: 'oct', keySize: 128 }));
    await expect(provider.exportWrapped(handle, key, 'CKM_RSA_AES_KEY_WRAP')).rejects.toMatchObject({
      code: 'BadParameter',
      message: 'The key to wrap to is not an RSA key of 2048 to 8192 bits.',
    });
  });

  it('needs a key that is loaded', async () => {
    const handle = loaded(await provider.generate({ kty: 'oct', keySize: 128 }));
    provider.release(handle);
    await expect(provider.exportWrapped(handle, to, 'CKM_RSA_AES_KEY_WRAP')).rejects.toMatchObject({
      code: 'Internal',
    });
  });
});
