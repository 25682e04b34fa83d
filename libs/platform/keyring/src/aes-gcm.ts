import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
/** Bytes; 96 bits is what GCM is made for (NIST SP 800-38D 5.2.1.1). */
const NONCE = 12;
const TAG = 16;
const options = { authTagLength: TAG };

export const AES_KEY_BYTES = 32;

/** AES-256-GCM under a random nonce: nonce (12) ‖ ciphertext ‖ tag (16). */
export function gcmEncrypt(key: KeyObject, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(ALGORITHM, key, nonce, options);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]);
}

/** The plaintext, for the caller to wipe; `undefined` when key, bytes or AAD are not those of the encryption. */
export function gcmDecrypt(key: KeyObject, sealed: Uint8Array, aad: Uint8Array): Buffer | undefined {
  if (sealed.length < NONCE + TAG) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE), options);
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-TAG));
  const plaintext = decipher.update(sealed.subarray(NONCE, -TAG));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}
