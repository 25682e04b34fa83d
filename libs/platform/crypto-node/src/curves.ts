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
  /** The uncompressed point (SEC 1, 2.3.3) of a scalar; `undefined` when it is not in [1, order). */
  readonly publicKey: (scalar: Uint8Array) => Uint8Array | undefined;
}

const options = { prehash: false, lowS: false } as const;

type Ecdsa = typeof p256;

function row(openssl: string, jwk: string, bytes: number, curve: Ecdsa): CurveRow {
  return {
    openssl,
    jwk,
    bytes,
    sign: (digest, scalar) => curve.sign(digest, scalar, options),
    publicKey: (scalar) => (curve.utils.isValidSecretKey(scalar) ? curve.getPublicKey(scalar, false) : undefined),
  };
}

export const curves: Readonly<Record<Curve, CurveRow>> = {
  'P-256': row('prime256v1', 'P-256', 32, p256),
  'P-384': row('secp384r1', 'P-384', 48, p384),
  'P-521': row('secp521r1', 'P-521', 66, p521),
  'P-256K': row('secp256k1', 'secp256k1', 32, secp256k1),
};

/** The curve that a JWK of Node names. */
export function curveOfJwk(crv: string | undefined): Curve | undefined {
  return (Object.keys(curves) as Curve[]).find((curve) => curves[curve].jwk === crv);
}
