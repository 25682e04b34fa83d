import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Curve } from '@coffer/contracts';

export interface CurveRow {
  /** The name that OpenSSL generates by. */
  readonly openssl: string;
  /** The name in Node's JWKs. */
  readonly jwk: string;
  /** Bytes of a coordinate, of the private scalar, and of each half of a signature. */
  readonly bytes: number;
  /** ECDSA over a ready digest, which node:crypto does not offer; nonces by RFC 6979. */
  sign(digest: Uint8Array, scalar: Uint8Array): Uint8Array;
}

const options = { prehash: false, lowS: false } as const;

export const curves: Readonly<Record<Curve, CurveRow>> = {
  'P-256': { openssl: 'prime256v1', jwk: 'P-256', bytes: 32, sign: (digest, d) => p256.sign(digest, d, options) },
  'P-384': { openssl: 'secp384r1', jwk: 'P-384', bytes: 48, sign: (digest, d) => p384.sign(digest, d, options) },
  'P-521': { openssl: 'secp521r1', jwk: 'P-521', bytes: 66, sign: (digest, d) => p521.sign(digest, d, options) },
  'P-256K': {
    openssl: 'secp256k1',
    jwk: 'secp256k1',
    bytes: 32,
    sign: (digest, d) => secp256k1.sign(digest, d, options),
  },
};

/** The curve that a JWK of Node names. */
export function curveOfJwk(crv: string | undefined): Curve | undefined {
  return (Object.keys(curves) as Curve[]).find((curve) => curves[curve].jwk === crv);
}
