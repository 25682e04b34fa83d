import { createSecretKey, randomBytes } from 'node:crypto';
import { isCofferError, type SecretBytes } from '@coffer/kernel';
import { kwp, unwrap } from '../aes/key-wrap.js';
import { SoftwareAes } from '../aes/software.js';
import type { LoadedKey } from '../loaded-key.js';
import { incompatibleKey, notDecryptable } from '../refusals.js';
import type { RsaBlocks } from './rsa-blocks.js';

const WRAP = 'CKM_RSA_AES_KEY_WRAP';
const EPHEMERAL_BYTES = 32;
/** An RSA key of 4096 bits takes some 2,400 bytes of PKCS#8; attributes may add to it. */
const MAX_WRAPPED_BYTES = 4096;

/**
 * PKCS #11 2.40, 2.1.21: the PKCS#8 that was wrapped to an RSA key, which the caller destroys. Throws BadParameter with one
 * text for whatever does not open. A first part that is no AES-256 key is replaced by one that nobody knows (as RFC 3218 2.3.2
 * advises), so that the second part is always tried and time does not tell which of them was wrong.
 */
export async function unwrapTransfer(blocks: RsaBlocks, key: LoadedKey, wrapped: Uint8Array): Promise<SecretBytes> {
  if (key.kty !== 'RSA') throw incompatibleKey('key wrapping', WRAP, `type 'RSA'`, key.kty);
  const { modulusBytes } = key;
  if (wrapped.length > modulusBytes + MAX_WRAPPED_BYTES) throw notDecryptable();
  const ephemeral = await ephemeralKey(blocks, key, wrapped.subarray(0, modulusBytes));
  try {
    return await unwrap(kwp, new SoftwareAes(createSecretKey(ephemeral)), wrapped.subarray(modulusBytes));
  } finally {
    ephemeral.fill(0);
  }
}

async function ephemeralKey(blocks: RsaBlocks, key: LoadedKey, block: Uint8Array): Promise<Buffer> {
  const decoy = randomBytes(EPHEMERAL_BYTES);
  try {
    const opened = (await blocks.open(key, 'RSA-OAEP', block)).expose();
    if (opened.length === EPHEMERAL_BYTES) return opened;
    opened.fill(0);
  } catch (error) {
    if (!isCofferError(error, 'BadParameter')) throw error;
  }
  return decoy;
}
