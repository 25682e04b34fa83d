import { constants, createCipheriv, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';
import type { ExchangeKey } from './exchange-key.js';

const EPHEMERAL_BYTES = 32;
/** Alternative initial value of AES Key Wrap with Padding (RFC 5649 3). */
const PADDED_IV = Buffer.from('a65959a6', 'hex');

/** Azure's key transfer blob, as it is written to a file. */
export interface TransferBlob {
  readonly schema_version: '1.0.0';
  readonly header: { readonly kid: string; readonly alg: 'dir'; readonly enc: 'CKM_RSA_AES_KEY_WRAP' };
  /** base64url. */
  readonly ciphertext: string;
  readonly generator: string;
}

/** PKCS #11 2.40, 2.1.21: RSA-OAEP (SHA-1, MGF1 with SHA-1) of an AES-256 key ‖ AES-KWP under it of the PKCS#8 DER. */
export function transferBlob({ kid, publicKey }: ExchangeKey, privateKey: KeyObject): TransferBlob {
  const ephemeral = randomBytes(EPHEMERAL_BYTES);
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  try {
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
    const first = publicEncrypt({ key: publicKey, ...padding }, ephemeral);
    // The whole of it in one call: OpenSSL's wrap ciphers keep nothing between two.
    const second = createCipheriv('id-aes256-wrap-pad', ephemeral, PADDED_IV).update(pkcs8);
    return {
      schema_version: '1.0.0',
      header: { kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
      ciphertext: Buffer.concat([first, second]).toString('base64url'),
      generator: 'Coffer byok 1.0',
    };
  } finally {
    ephemeral.fill(0);
    pkcs8.fill(0);
  }
}
