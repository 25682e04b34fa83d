import { defined, invalidProperty } from '@coffer/kernel';

export const curves = ['P-256', 'P-384', 'P-521', 'P-256K'] as const;
export type Curve = (typeof curves)[number];

export const rsaKeySizes = [2048, 3072, 4096] as const;
export type RsaKeySize = (typeof rsaKeySizes)[number];

export const octKeySizes = [128, 192, 256] as const;
export type OctKeySize = (typeof octKeySizes)[number];

/** What key to make; sizes in bits. */
export type KeySpec = Custody &
  (
    | { readonly kty: 'RSA'; readonly keySize: RsaKeySize; readonly publicExponent: number }
    | { readonly kty: 'EC'; readonly crv: Curve }
    | { readonly kty: 'oct'; readonly keySize: OctKeySize }
  );

/** Key types whose material this service can make and hold; each in software or in hardware. */
export type KeyType = KeySpec['kty'];

/** Where a private key lives. */
export interface Custody {
  /** In a hardware security module; absent: in software. */
  readonly hsm?: true | undefined;
}

const HSM = '-HSM';

/** A type as the wire names it, such as `RSA-HSM`, as the type and where its keys live. Whether it is a type at all is not said. */
export function custodyOf(name: string): Custody & { readonly kty: string } {
  return name.endsWith(HSM) ? { kty: name.slice(0, -HSM.length), hsm: true } : { kty: name };
}

/** The type as the wire names it. */
export function typeName(kty: KeyType, { hsm }: Custody): string {
  return hsm === true ? `${kty}${HSM}` : kty;
}

/** Public half of a key (RFC 7517, RFC 7518 §6); members are base64url without padding. `k` of oct is never among them. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: Curve; readonly x: string; readonly y: string }
  | { readonly kty: 'oct' };

/** Refuses the types of keys that only hardware holds where there is none. Throws BadParameter. */
export function assertCustody(kty: KeyType, custody: Custody, hardware: boolean): void {
  if (custody.hsm === true && !hardware) {
    const name = typeName(kty, custody);
    throw invalidProperty('kty', `Keys of type ${name} need a hardware security module; this vault has none.`);
  }
}

/** The members of a create request that say what key is wanted, unchecked. */
export interface KeyRequest {
  readonly kty: string;
  readonly keySize?: number | undefined;
  readonly crv?: string | undefined;
  readonly publicExponent?: number | undefined;
}

const PUBLIC_EXPONENTS = [65537, 3];

/**
 * Checks type, size, curve and exponent (azure-api c.1); RSA defaults to 2048 bits, EC to P-256, oct to 256 bits; the same with `-HSM`.
 * Throws BadParameter. `key_size` of an EC key and `crv` of an RSA or oct key have no meaning and are ignored.
 */
export function keySpecOf(request: KeyRequest): KeySpec {
  const { kty, ...custody } = custodyOf(request.kty);
  if (kty === 'RSA') return { ...rsaSpec(request), ...custody };
  if (kty === 'EC') return { kty: 'EC', crv: curveOf(request.crv ?? 'P-256'), ...custody };
  if (kty === 'oct') return { ...octSpec(request), ...custody };
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
  const { kty, hsm } = spec;
  return { kty, ...(kty === 'EC' ? { crv: spec.crv } : { size: spec.keySize }), ...defined({ hsm }) };
}
