import { createPublicKey, type KeyObject } from 'node:crypto';
import { readBounded, Refused } from './refused.js';

/** The key in the vault that another key is wrapped to. */
export interface ExchangeKey {
  /** `https://{vault}/keys/{name}/{version}`. */
  readonly kid: string;
  readonly publicKey: KeyObject;
}

const KID = /^https:\/\/[^/?#@]+\/keys\/[0-9a-zA-Z-]{1,127}\/[0-9a-fA-F]{32}$/;
const SIZES: readonly number[] = [2048, 3072, 4096];
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'];

type Members = Readonly<Record<string, unknown>>;

/** Reads PEM, a JWK, or a key as the vault answers it (`{"key": {…}}`). Throws Refused. */
export function readExchangeKey(file: string, kid: string | undefined): ExchangeKey {
  const text = readBounded(file).toString('utf8').trim();
  const jwk = text.startsWith('{') ? jwkOf(file, text) : undefined;
  const found = typeof jwk?.['kid'] === 'string' ? jwk['kid'] : undefined;
  if (kid !== undefined && found !== undefined && kid !== found) {
    throw new Refused(`${file}: the file is about ${found}, not about ${kid}.`);
  }
  const named = kid ?? found;
  if (named === undefined) throw new Refused('The identifier of the exchange key is missing: give it with --kid.');
  if (!KID.test(named)) throw new Refused(`${named} is not https://{vault}/keys/{name}/{version}.`);
  return { kid: named, publicKey: checked(file, jwk === undefined ? pemKey(file, text) : jwkKey(file, jwk)) };
}

function jwkOf(file: string, text: string): Members {
  try {
    const parsed = JSON.parse(text) as Members;
    return typeof parsed['key'] === 'object' && parsed['key'] !== null ? (parsed['key'] as Members) : parsed;
  } catch {
    throw new Refused(`${file}: this is no JSON.`);
  }
}

function jwkKey(file: string, jwk: Members): KeyObject {
  if (PRIVATE_MEMBERS.some((member) => (jwk[member] ?? null) !== null)) throw isPrivate(file);
  // The second is how Azure's command line spells it.
  const ops = jwk['key_ops'] ?? jwk['keyOps'] ?? undefined;
  if (ops !== undefined && !(Array.isArray(ops) && ops.length === 1 && ops[0] === 'import')) {
    throw new Refused(`${file}: this is no exchange key; its only operation must be import.`);
  }
  // The vault's name of the type says where the private half lives, too.
  const kty = jwk['kty'] === 'RSA-HSM' ? 'RSA' : String(jwk['kty']);
  const { n, e } = jwk;
  return publicKey(file, () => {
    if (typeof n !== 'string' || typeof e !== 'string') throw new TypeError('a member is missing');
    return createPublicKey({ key: { kty, n, e }, format: 'jwk' });
  });
}

function pemKey(file: string, text: string): KeyObject {
  if (text.includes('PRIVATE KEY-----')) throw isPrivate(file);
  return publicKey(file, () => createPublicKey(text));
}

function publicKey(file: string, make: () => KeyObject): KeyObject {
  try {
    return make();
  } catch {
    throw new Refused(`${file}: this is no public key in PEM or JWK.`);
  }
}

function checked(file: string, key: KeyObject): KeyObject {
  const { modulusLength: bits = 0, publicExponent: e = 0n } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa' || !SIZES.includes(bits)) {
    throw new Refused(`${file}: an exchange key is an RSA key of 2048, 3072 or 4096 bits.`);
  }
  // With an exponent of 1 the blob would show the key to everybody, with an even one nobody could open it.
  if (e < 3n || e % 2n === 0n) throw new Refused(`${file}: no exchange key has such a public exponent.`);
  return key;
}

function isPrivate(file: string): Refused {
  return new Refused(`${file}: this is a private key; only the public half of the exchange key is needed.`);
}
