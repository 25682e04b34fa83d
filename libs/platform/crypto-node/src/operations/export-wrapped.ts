import { constants, createPublicKey, createSecretKey, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';
import type { ExportWrap, RecipientJwk } from '@coffer/contracts';
import { CofferError } from '@coffer/kernel';
import { SoftwareAes } from '../aes/software.js';
import { isExponent, type LoadedKey } from '../loaded-key.js';

const EPHEMERAL_BYTES = 32;
/** The upper bound keeps a recipient from costing seconds. */
const RECIPIENT_BITS = { min: 2048, max: 8192 } as const;

/** Hash of OAEP and of its MGF1. */
const oaepHashes: Readonly<Record<ExportWrap, string>> = {
  CKM_RSA_AES_KEY_WRAP: 'sha1',
  RSA_AES_KEY_WRAP_256: 'sha256',
  RSA_AES_KEY_WRAP_384: 'sha384',
};

/**
 * PKCS #11 2.40, 2.1.21 (CKM_RSA_AES_KEY_WRAP), and the same with newer hashes. Takes some 50 µs, so it runs here and not on
 * the pool. Throws BadParameter for a recipient's key that is none, or has no fitting size.
 */
export function exportWrapped(key: LoadedKey, recipient: RecipientJwk, wrap: ExportWrap): Buffer {
  const publicKey = recipientKey(recipient);
  const ephemeral = randomBytes(EPHEMERAL_BYTES);
  const plaintext = privateBytes(key);
  try {
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: oaepHashes[wrap] };
    const wrappedEphemeral = publicEncrypt({ key: publicKey, ...padding }, ephemeral);
    return Buffer.concat([wrappedEphemeral, new SoftwareAes(createSecretKey(ephemeral)).wrap('kwp', plaintext)]);
  } finally {
    ephemeral.fill(0);
    plaintext.fill(0);
  }
}

/** In the format of the key's type (`keyFormatOf`); the caller wipes it. */
function privateBytes(key: LoadedKey): Buffer {
  const own = softwareKeyOf(key);
  if (own === undefined) throw new CofferError('BadParameter', 'A key in a hardware security module cannot leave it.');
  return key.kty === 'oct' ? own.export() : own.export({ format: 'der', type: 'pkcs8' });
}

function softwareKeyOf(key: LoadedKey): KeyObject | undefined {
  if (key.kty === 'oct') return key.secretKey;
  if (key.kty === 'EC') return key.privateKey;
  return 'module' in key.custody ? undefined : key.custody.pooled.privateKey;
}

function recipientKey({ n, e }: RecipientJwk): KeyObject {
  try {
    const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
    if (bits >= RECIPIENT_BITS.min && bits <= RECIPIENT_BITS.max && isExponent(Number(publicExponent))) return key;
  } catch {
    // Not a key at all: the same answer.
  }
  throw new CofferError('BadParameter', 'The key to wrap to is not an RSA key of 2048 to 8192 bits.');
}
