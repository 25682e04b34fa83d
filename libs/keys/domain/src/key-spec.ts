import { invalidProperty } from '@coffer/kernel';

export const curves = ['P-256', 'P-384', 'P-521', 'P-256K'] as const;
export type Curve = (typeof curves)[number];

export const rsaKeySizes = [2048, 3072, 4096] as const;
export type RsaKeySize = (typeof rsaKeySizes)[number];

export const octKeySizes = [128, 192, 256] as const;
export type OctKeySize = (typeof octKeySizes)[number];

/** What key to make; sizes in bits. */
export type KeySpec =
  | { readonly kty: 'RSA'; readonly keySize: RsaKeySize; readonly publicExponent: number }
  | { readonly kty: 'EC'; readonly crv: Curve }
  | { readonly kty: 'oct'; readonly keySize: OctKeySize };

/** Key types whose material this service can make and hold. */
export type KeyType = KeySpec['kty'];

/** Public half of a key (RFC 7517, RFC 7518 §6); members are base64url without padding. `k` of oct is never among them. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: Curve; readonly x: string; readonly y: string }
  | { readonly kty: 'oct' };

/** Refuses the types of keys that only hardware holds. Throws BadParameter. */
export function assertSoftwareType(kty: string): void {
  if (HSM_TYPES.includes(kty)) {
    throw invalidProperty('kty', `Keys of type ${kty} need a hardware security module; this vault has none.`);
  }
}

/** The members of a create request that say what key is wanted, unchecked. */
export interface KeyRequest {
  readonly kty: string;
  readonly keySize?: number | undefined;
  readonly crv?: string | undefined;
  readonly publicExponent?: number | undefined;
}

const HSM_TYPES = ['RSA-HSM', 'EC-HSM', 'oct-HSM'];
const PUBLIC_EXPONENTS = [65537, 3];

/**
 * Checks type, size, curve and exponent (azure-api c.1); RSA defaults to 2048 bits, EC to P-256, oct to 256 bits.
 * Throws BadParameter. `key_size` of an EC key and `crv` of an RSA or oct key have no meaning and are ignored.
 */
export function keySpecOf(request: KeyRequest): KeySpec {
  if (request.kty === 'RSA') return rsaSpec(request);
  if (request.kty === 'EC') return { kty: 'EC', crv: curveOf(request.crv ?? 'P-256') };
  if (request.kty === 'oct') return octSpec(request);
  assertSoftwareType(request.kty);
  throw invalidProperty('kty', 'The key type must be RSA, EC or oct.');
}

function rsaSpec({ keySize = 2048, publicExponent = 65537 }: KeyRequest): KeySpec {
  const size = rsaKeySizes.find((known) => known === keySize);
  if (size === undefined) throw invalidProperty('key_size', 'The size of an RSA key must be 2048, 3072 or 4096.');
  if (!PUBLIC_EXPONENTS.includes(publicExponent)) {
    throw invalidProperty('public_exponent', 'The public exponent must be 65537 or 3.');
  }
  return { kty: 'RSA', keySize: size, publicExponent };
}

function octSpec({ keySize = 256 }: KeyRequest): KeySpec {
  const size = octKeySizes.find((known) => known === keySize);
  if (size === undefined) throw invalidProperty('key_size', 'The size of an oct key must be 128, 192 or 256.');
  return { kty: 'oct', keySize: size };
}

export function curveOf(name: string): Curve {
  const curve = curves.find((known) => known === name);
  if (curve === undefined) throw invalidProperty('crv', `The curve must be one of ${curves.join(', ')}.`);
  return curve;
}

/** How events write a type of key. */
export function typeMembersOf(spec: KeySpec) {
  return { kty: spec.kty, ...(spec.kty === 'EC' ? { crv: spec.crv } : { size: spec.keySize }) };
}
