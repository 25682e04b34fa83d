import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';

/** Wraps bytes as PKCS #11's CKM_RSA_AES_KEY_WRAP does. */
export function wrapped(to: KeyObject, content: Uint8Array): Buffer {
  const aes = randomBytes(32);
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
  const second = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex')).update(content);
  return Buffer.concat([publicEncrypt({ key: to, ...padding }, aes), second]);
}

export interface Blob {
  readonly schema_version: unknown;
  readonly header: Readonly<Record<string, unknown>>;
  readonly ciphertext: unknown;
  readonly generator?: unknown;
}

/** The key transfer blob of a private key for the exchange key in a bundle. */
export function blobFor(kek: Readonly<Record<string, unknown>>, content: KeyObject | Uint8Array): Blob {
  const der = 'export' in content ? content.export({ format: 'der', type: 'pkcs8' }) : content;
  return {
    schema_version: '1.0.0',
    header: { kid: kek['kid'], alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
    ciphertext: wrapped(createPublicKey({ key: kek, format: 'jwk' }), der).toString('base64url'),
    generator: 'a test',
  };
}

/** As `key_hsm` carries it. */
export const encoded = (blob: unknown): string => Buffer.from(JSON.stringify(blob)).toString('base64url');
