import { createPrivateKey } from 'node:crypto';
import type { NewKey, RsaMember } from '@coffer/contracts';
import { invalidProperty, SecretBytes } from '@coffer/kernel';
import { isExponent, modulusSizeOf } from '../loaded-key.js';
import { bitLength, toBase64url, toBigInt } from './integers.js';
import { isRocaModulus } from './roca.js';

/** FIPS 186-5, A.1.3: primes that are closer than this are found by Fermat's method. */
const CLOSEST_PRIMES_BITS = 100;

type Numbers = Readonly<Record<RsaMember, bigint>>;

/**
 * An RSA key of 2048, 3072 or 4096 bits with all members of RFC 7518 §6.3, leading zeros or not. Checks that the members
 * belong together (RFC 8017 §3.2) and that the key is not known to be weak (FIPS 186-5 A.1, CVE-2017-15361); `isPrime`, which
 * takes a number of up to 4096 bits, big-endian, takes the longest. Throws BadParameter.
 */
export async function importRsa(
  members: Readonly<Record<RsaMember, Uint8Array>>,
  isPrime: (candidate: Uint8Array) => Promise<boolean>,
): Promise<NewKey> {
  const numbers = mapped(members, toBigInt);
  const keySize = sizeOf(numbers.n);
  checkPublic(numbers);
  checkPrivate(numbers);
  const [first, second] = await Promise.all([isPrime(members.p), isPrime(members.q)]);
  if (!first || !second) throw invalidProperty(first ? 'key.q' : 'key.p', 'The number is not prime.');
  const jwk = mapped(members, toBase64url);
  const privateKey = createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
  return {
    spec: { kty: 'RSA', keySize, publicExponent: Number(numbers.e) },
    public: { kty: 'RSA', n: jwk.n, e: jwk.e },
    privateKey: SecretBytes.own(privateKey.export({ format: 'der', type: 'pkcs8' })),
  };
}

function sizeOf(n: bigint) {
  const size = modulusSizeOf(bitLength(n));
  if (size === undefined) throw invalidProperty('key.n', 'The size of an RSA key must be 2048, 3072 or 4096.');
  return size;
}

function checkPublic({ n, e }: Numbers): void {
  if (!isExponent(Number(e))) throw invalidProperty('key.e', 'The public exponent must be odd, from 3 to 4294967295.');
  if (isRocaModulus(n)) throw invalidProperty('key.n', 'The key was made by a faulty generator (CVE-2017-15361).');
}

function checkPrivate({ n, e, d, p, q, dp, dq, qi }: Numbers): void {
  const bits = bitLength(n);
  if (p <= 1n || q <= 1n || p * q !== n)
    throw invalidProperty('key.p', 'The modulus is not the product of the primes.');
  // FIPS 186-5, A.1.3: a small factor is found by trying.
  if (bitLength(p) !== bits / 2 || bitLength(q) !== bits / 2) {
    throw invalidProperty('key.p', 'Each prime must have half as many bits as the modulus.');
  }
  if (bitLength(p > q ? p - q : q - p) <= bits / 2 - CLOSEST_PRIMES_BITS) {
    throw invalidProperty('key.p', 'The primes are too close to each other.');
  }
  if ((d * e) % (p - 1n) !== 1n || (d * e) % (q - 1n) !== 1n) {
    throw invalidProperty('key.d', 'The private exponent does not belong to the public key.');
  }
  if (bitLength(d) <= bits / 2 || d >= n) throw invalidProperty('key.d', 'The private exponent has no fitting size.');
  if (dp !== d % (p - 1n)) throw invalidProperty('key.dp', 'The exponent does not belong to the private key.');
  if (dq !== d % (q - 1n)) throw invalidProperty('key.dq', 'The exponent does not belong to the private key.');
  if (qi >= p || (qi * q) % p !== 1n) throw invalidProperty('key.qi', 'The coefficient does not belong to the primes.');
}

function mapped<T>(
  members: Readonly<Record<RsaMember, Uint8Array>>,
  to: (bytes: Uint8Array) => T,
): Record<RsaMember, T> {
  const { n, e, d, p, q, dp, dq, qi } = members;
  return { n: to(n), e: to(e), d: to(d), p: to(p), q: to(q), dp: to(dp), dq: to(dq), qi: to(qi) };
}
