import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto';
import { decodeOaep, implicitRejection } from './rsa-padding.js';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };

/** The block that the raw private operation gives. */
function blockOf(message: Buffer, options: object = oaep): Buffer {
  const ciphertext = publicEncrypt({ key: publicKey, ...options }, message);
  return privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, ciphertext);
}

describe('OAEP with SHA-256', () => {
  it.each([0, 1, 31, 32, 33, 189, 190])('opens what OpenSSL made of %i bytes', (length) => {
    for (let i = 0; i < 20; i += 1) {
      const message = randomBytes(length);
      expect(decodeOaep(blockOf(message))).toEqual(message);
    }
  });

  it('keeps zeros and ones at the beginning of a message', () => {
    for (const start of ['00', '0000', '01', '0001', '0101']) {
      const message = Buffer.concat([Buffer.from(start, 'hex'), randomBytes(5)]);
      expect(decodeOaep(blockOf(message))).toEqual(message);
    }
  });

  it('opens nothing that was changed, whichever byte', () => {
    const block = blockOf(randomBytes(40));
    for (const index of block.keys()) {
      const changed = Buffer.from(block);
      changed[index] = (changed[index] ?? 0) ^ 0x80;
      // A change of the message itself is undone by no check: OAEP authenticates the padding.
      if (index < 256 - 40) expect(decodeOaep(changed)).toBeUndefined();
    }
  });

  it('opens neither another hash, another label nor another padding', () => {
    const message = randomBytes(20);
    for (const other of [
      { ...oaep, oaepHash: 'sha1' },
      { ...oaep, oaepLabel: Buffer.from('label') },
      { padding: constants.RSA_PKCS1_PADDING },
    ]) {
      expect(decodeOaep(blockOf(message, other))).toBeUndefined();
    }
    for (const fill of [0, 1, 0xff]) expect(decodeOaep(Buffer.alloc(256, fill))).toBeUndefined();
  });
});

describe('implicit rejection', () => {
  it('depends on the secret and the block, and on nothing else', () => {
    // Fixed ones: two random ones may both give nothing.
    const [secret, block] = [Buffer.alloc(40, 1), Buffer.alloc(256, 2)];
    const rejected = implicitRejection(secret, block);
    expect(implicitRejection(secret, block)).toEqual(rejected);
    expect(implicitRejection(Buffer.alloc(40, 3), block)).not.toEqual(rejected);
    expect(implicitRejection(secret, Buffer.alloc(256, 4))).not.toEqual(rejected);
  });

  it('has every length that a plaintext can have', () => {
    const lengths = Array.from({ length: 3000 }, () => implicitRejection(randomBytes(8), randomBytes(256)).length);
    expect(Math.min(...lengths)).toBeLessThan(10);
    expect(Math.max(...lengths)).toBeGreaterThan(235);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(245);
  });
});
