import type { AesKey, CipherParameters, Ciphertext, DecipherParameters } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';
import { notDecryptable, superfluous, wrongLength } from '../refusals.js';
import { newNonce } from './nonces.js';

/** The length for which the nonce is used as it is (SP 800-38D 5.2.1.1); no other is taken. */
const IV_BYTES = 12;
/** Shorter tags are legal GCM and easier to forge (SP 800-38D appendix C); none is taken. */
const TAG_BYTES = 16;

/**
 * Encrypts under a random nonce made here: a nonce that came twice would give away the authentication key, so no caller
 * chooses it (SP 800-38D 8.2.2). Throws BadParameter.
 */
export async function sealGcm(
  key: AesKey,
  plaintext: Uint8Array,
  { iv: chosen, aad }: CipherParameters,
  alg: string,
): Promise<Ciphertext> {
  if (chosen !== undefined) throw superfluous('iv', alg);
  const iv = newNonce(IV_BYTES);
  const { value, tag } = await key.sealGcm(iv, aad, plaintext);
  return { value, iv, tag };
}

/** Throws BadParameter; with one text for whatever is not authentic, and then no plaintext is left behind. */
export async function openGcm(
  key: AesKey,
  ciphertext: Uint8Array,
  { iv, aad, tag }: DecipherParameters,
  alg: string,
): Promise<SecretBytes> {
  if (iv?.length !== IV_BYTES) throw wrongLength('iv', iv?.length ?? 0, alg, `${IV_BYTES} bytes`);
  if (tag?.length !== TAG_BYTES) throw wrongLength('tag', tag?.length ?? 0, alg, `${TAG_BYTES} bytes`);
  const plaintext = await key.openGcm(iv, aad, ciphertext, tag);
  if (plaintext === undefined) throw notDecryptable();
  return SecretBytes.own(plaintext);
}
