import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { PrivateJwk, TransferableType } from '@coffer/contracts';
import { invalidProperty, isCofferError, type SecretBytes } from '@coffer/kernel';
import { contentOf } from '../der.js';
import { publicJwk, scalarOf } from '../loaded-key.js';
import { notDecryptable } from '../refusals.js';

const INTEGER = 0x02;

/**
 * The numbers of a private key in PKCS#8 DER, unchecked; `pkcs8` is destroyed, and the caller wipes the numbers. Not by way of
 * a JWK: its strings cannot be wiped. Throws BadParameter for bytes that are no such key, a key of another type, and a curve
 * that is none of `Curve`.
 */
export function privateJwkOf(pkcs8: SecretBytes, kty: TransferableType): PrivateJwk {
  const key = parsed(pkcs8);
  if (key.asymmetricKeyType !== kty.toLowerCase()) {
    throw invalidProperty('key.kty', 'The key that was brought is not of this type.');
  }
  try {
    return kty === 'RSA' ? rsaOf(key) : ecOf(key);
  } catch (error) {
    throw isCofferError(error) ? error : notDecryptable(); // OpenSSL reads more than it writes
  }
}

/** Overwrites the numbers of a private key. */
export function wipe({ members }: PrivateJwk): void {
  for (const member of Object.values(members)) member.fill(0);
}

function parsed(pkcs8: SecretBytes): KeyObject {
  try {
    return createPrivateKey({ key: pkcs8.expose(), format: 'der', type: 'pkcs8' });
  } catch {
    throw notDecryptable(); // without the cause: it may quote the input
  } finally {
    pkcs8.destroy();
  }
}

/** RSAPrivateKey (RFC 8017 A.1.2) as OpenSSL writes it: a version, then the eight numbers. */
function rsaOf(key: KeyObject): PrivateJwk {
  const der = key.export({ format: 'der', type: 'pkcs1' });
  const [, n, e, d, p, q, dp, dq, qi] = integersOf(der);
  if (!n || !e || !d || !p || !q || !dp || !dq || !qi) {
    der.fill(0);
    throw notDecryptable();
  }
  return { kty: 'RSA', members: { n, e, d, p, q, dp, dq, qi } };
}

function ecOf(key: KeyObject): PrivateJwk {
  const half = publicJwk(createPublicKey(key));
  if (half.kty !== 'EC') throw notDecryptable();
  const { crv } = half;
  const d = scalarOf(key).expose();
  return { kty: 'EC', crv, members: { x: Buffer.from(half.x, 'base64url'), y: Buffer.from(half.y, 'base64url'), d } };
}

/** Views of what a SEQUENCE of INTEGERs holds (X.690 8.3), in DER that was written here; the rest after another type is left. */
function integersOf(der: Buffer): Buffer[] {
  const integers: Buffer[] = [];
  let at = contentOf(der, 0).start;
  while (der[at] === INTEGER) {
    const { start, end } = contentOf(der, at);
    integers.push(der.subarray(start, end));
    at = end;
  }
  return integers;
}
