import { randomBytes, scrypt, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import type { SecretBytes } from '@coffer/kernel';
import { AES_KEY_BYTES } from '../aes-gcm.js';
import { KeyringError } from '../errors.js';
import { localRootKey, type RootKeyParameters, type RootKeyProvider } from './root-key.js';

/** Cost as OWASP's password storage cheat sheet asks of scrypt: 128 MiB and about half a second, once per start. */
const COST = { N: 2 ** 17, r: 8, p: 1 };
const SALT_BYTES = 16;
/** Bytes of UTF-8. */
const MIN_PASSPHRASE = 12;
/** A database that was tampered with must not make the start take all memory. */
const MAX_MEMORY = 2 ** 30;

const deriveKey = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt);

/**
 * The root key derived from a passphrase by scrypt (RFC 7914) with a random salt, which is stored in the database. The
 * passphrase is used as it is, byte by byte; the caller destroys it after the keyring is open.
 */
export function passphraseRootKey(passphrase: SecretBytes): RootKeyProvider {
  const derive = async (salt: Buffer, cost: typeof COST) => {
    if (passphrase.length < MIN_PASSPHRASE) {
      throw new KeyringError(
        'passphrase-too-short',
        `The root key passphrase must have at least ${MIN_PASSPHRASE} bytes.`,
      );
    }
    const options = { ...cost, maxmem: 2 * memoryOf(cost) };
    return localRootKey(await deriveKey(passphrase.expose(), salt, AES_KEY_BYTES, options));
  };
  return {
    kind: 'passphrase',
    create: async () => {
      const salt = randomBytes(SALT_BYTES);
      const parameters = { kdf: 'scrypt', ...COST, salt: salt.toString('base64url') };
      return { rootKey: await derive(salt, COST), parameters };
    },
    open: async (parameters) => {
      const { salt, cost } = parse(parameters);
      return derive(salt, cost);
    },
  };
}

function parse(parameters: RootKeyParameters): { salt: Buffer; cost: typeof COST } {
  const { kdf, N, r, p, salt } = parameters;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const valid =
    Object.values(cost).every((value) => Number.isSafeInteger(value) && value > 0) &&
    Number.isInteger(Math.log2(cost.N));
  const known = kdf === 'scrypt' && typeof salt === 'string' && valid && cost.p <= 16 && memoryOf(cost) <= MAX_MEMORY;
  if (!known)
    throw new KeyringError('root-key-malformed', 'The stored parameters of the root key passphrase are not valid.');
  return { salt: Buffer.from(salt, 'base64url'), cost };
}

/** Bytes that scrypt needs. */
function memoryOf({ N, r }: typeof COST): number {
  return 128 * N * r;
}
