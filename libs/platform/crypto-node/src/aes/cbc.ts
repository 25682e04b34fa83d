import { randomBytes } from 'node:crypto';
import type { AesKey, CipherParameters, Ciphertext, DecipherParameters } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';
import { notDecryptable, superfluous, wrongLength } from '../refusals.js';

const BLOCK = 16;

/**
 * CBC (SP 800-38A 6.2), `padded` with PKCS#7 or else of whole blocks only. The initialization vector is the caller's, or
 * random where there is none. Throws BadParameter.
 */
export async function sealCbc(
  padded: boolean,
  key: AesKey,
  plaintext: Uint8Array,
  { iv: chosen, aad }: CipherParameters,
  alg: string,
): Promise<Ciphertext> {
  if (aad !== undefined) throw superfluous('aad', alg); // it would not be authenticated
  const iv = chosen ?? randomBytes(BLOCK);
  if (iv.length !== BLOCK) throw wrongLength('iv', iv.length, alg, `${BLOCK} bytes`);
  if (padded) {
    const blocks = withPadding(plaintext);
    try {
      return { value: await key.sealCbc(iv, blocks), iv };
    } finally {
      blocks.fill(0);
    }
  }
  if (!isBlocks(plaintext)) {
    throw wrongLength('value', plaintext.length, alg, `a multiple of ${BLOCK} bytes, at least one`);
  }
  return { value: await key.sealCbc(iv, plaintext), iv };
}

/** Throws BadParameter, with one text for every ciphertext that does not decrypt. */
export async function openCbc(
  padded: boolean,
  key: AesKey,
  ciphertext: Uint8Array,
  { iv, aad, tag }: DecipherParameters,
  alg: string,
): Promise<SecretBytes> {
  if (aad !== undefined) throw superfluous('aad', alg);
  if (tag !== undefined) throw superfluous('tag', alg);
  if (iv?.length !== BLOCK) throw wrongLength('iv', iv?.length ?? 0, alg, `${BLOCK} bytes`);
  if (!isBlocks(ciphertext)) throw notDecryptable();
  // Unpadded here: OpenSSL would stop at the first wrong byte of the padding, and leave the plaintext in pieces.
  const plaintext = await key.openCbc(iv, ciphertext);
  const length = padded ? unpaddedLength(plaintext) : plaintext.length;
  if (length < 0) {
    plaintext.fill(0);
    throw notDecryptable();
  }
  return SecretBytes.own(plaintext.subarray(0, length));
}

function isBlocks({ length }: Uint8Array): boolean {
  return length > 0 && length % BLOCK === 0;
}

/** PKCS#7 (RFC 5652 6.3): always at least one byte. */
function withPadding(plaintext: Uint8Array): Buffer {
  const pad = BLOCK - (plaintext.length % BLOCK);
  const blocks = Buffer.alloc(plaintext.length + pad, pad);
  blocks.set(plaintext);
  return blocks;
}

/** Length without the padding of PKCS#7 (RFC 5652 6.3), -1 when it is wrong; looks at the same bytes whatever they are. */
function unpaddedLength(blocks: Uint8Array): number {
  const pad = blocks[blocks.length - 1] ?? 0;
  let wrong = Number(pad < 1) | Number(pad > BLOCK);
  for (let i = 1; i <= BLOCK; i += 1) {
    wrong |= Number(i <= pad) & Number(blocks[blocks.length - i] !== pad);
  }
  return wrong === 0 ? blocks.length - pad : -1;
}
