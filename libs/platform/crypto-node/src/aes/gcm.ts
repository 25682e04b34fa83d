import { createCipheriv, createDecipheriv, type CipherGCMTypes, type KeyObject } from 'node:crypto';
import type { CipherParameters, Ciphertext, DecipherParameters } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';
import { notDecryptable, superfluous, wrongLength } from '../refusals.js';
import { newNonce } from './nonces.js';

/** The length for which the nonce is used as it is (SP 800-38D 5.2.1.1); no other is taken. */
const IV_BYTES = 12;
/** Shorter tags are legal GCM and easier to forge (SP 800-38D appendix C); none is taken. */
const authTagLength = 16;

/**
 * Encrypts under a random nonce made here: a nonce that came twice would give away the authentication key, so no caller
 * chooses it (SP 800-38D 8.2.2). Throws BadParameter.
 */
export function sealGcm(
  cipher: CipherGCMTypes,
  key: KeyObject,
  plaintext: Uint8Array,
  { iv: chosen, aad }: CipherParameters,
  alg: string,
): Ciphertext {
  if (chosen !== undefined) throw superfluous('iv', alg);
  const iv = newNonce(IV_BYTES);
  const encryption = createCipheriv(cipher, key, iv, { authTagLength });
  if (aad !== undefined) encryption.setAAD(aad);
  const value = encryption.update(plaintext);
  encryption.final(); // a stream: nothing is left, but the tag is complete
  return { value, iv, tag: encryption.getAuthTag() };
}

/** Throws BadParameter; with one text for whatever is not authentic, and then no plaintext is left behind. */
export function openGcm(
  cipher: CipherGCMTypes,
  key: KeyObject,
  ciphertext: Uint8Array,
  { iv, aad, tag }: DecipherParameters,
  alg: string,
): SecretBytes {
  if (iv?.length !== IV_BYTES) throw wrongLength('iv', iv?.length ?? 0, alg, `${IV_BYTES} bytes`);
  if (tag?.length !== authTagLength) throw wrongLength('tag', tag?.length ?? 0, alg, `${authTagLength} bytes`);
  const decryption = createDecipheriv(cipher, key, iv, { authTagLength });
  decryption.setAuthTag(tag);
  if (aad !== undefined) decryption.setAAD(aad);
  const plaintext = decryption.update(ciphertext);
  try {
    decryption.final();
  } catch {
    plaintext.fill(0);
    throw notDecryptable();
  }
  return SecretBytes.own(plaintext);
}
