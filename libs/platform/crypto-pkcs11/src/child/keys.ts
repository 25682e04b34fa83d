import { createCipheriv, randomBytes } from 'node:crypto';
import type { Curve, KeySpec, PublicJwk } from '@coffer/contracts';
import type { Attribute, Handle } from 'pkcs11js';
import { CKA, CKK, CKM, CKO } from '../cryptoki/constants.js';
import type { Made, WrappedKey } from '../protocol.js';
import { TaskFailure } from './failures.js';
import type { Token } from './token.js';
import { flags, type WrappingKey, type WrappingKeys } from './wrapping-keys.js';

/** DER of the curves' object identifiers (RFC 5480, SEC 2). */
const curveParameters: Readonly<Record<Curve, string>> = {
  'P-256': '06082a8648ce3d030107',
  'P-384': '06052b81040022',
  'P-521': '06052b81040023',
  'P-256K': '06052b8104000a',
};

/** In the order of preference; what wraps is what unwraps, so each will do that the module has. */
const keyPairWraps = [CKM.AES_KEY_WRAP_KWP, CKM.AES_KEY_WRAP_PAD, CKM.AES_KEY_WRAP];
const secretWraps = [CKM.AES_KEY_WRAP, CKM.AES_KEY_WRAP_KWP, CKM.AES_KEY_WRAP_PAD];

/** The same oct key is an AES key, or one for HMAC. */
export type Use = 'cipher' | 'mac';

/** Makes a key in the token, and has it wrapped there: outside it exists in no other form. */
export function generateKey(token: Token, wrapping: WrappingKeys, spec: KeySpec): Made {
  const current = wrapping.current();
  if (spec.kty === 'oct') {
    const length = { type: CKA.VALUE_LEN, value: spec.keySize / 8 };
    const handle = token.generate(CKM.AES_KEY_GEN, [...travelling(spec.kty, current), length]);
    return withDestroyed(token, [handle], () => wrapped(token, wrapping, spec.kty, handle));
  }
  const isRsa = spec.kty === 'RSA';
  const { publicKey, privateKey } = token.generatePair(
    isRsa ? CKM.RSA_PKCS_KEY_PAIR_GEN : CKM.EC_KEY_PAIR_GEN,
    [...flags([CKA.TOKEN], false), ...flags([CKA.VERIFY], true), ...parametersOf(spec)],
    travelling(spec.kty, current),
  );
  return withDestroyed(token, [publicKey, privateKey], () => ({
    ...wrapped(token, wrapping, spec.kty, privateKey),
    public: isRsa ? rsaHalf(token, publicKey) : ecHalf(token, publicKey, spec.crv),
  }));
}

/** Takes a key in: it comes wrapped under a session key, as modules want it that take no private key in the clear. */
export function importKey(token: Token, wrapping: WrappingKeys, spec: KeySpec, bytes: Uint8Array): Made {
  const current = wrapping.current();
  const transport = randomBytes(32);
  try {
    const kek = token.create([
      { type: CKA.CLASS, value: CKO.SECRET_KEY },
      { type: CKA.KEY_TYPE, value: CKK.AES },
      { type: CKA.VALUE, value: transport },
      ...flags([CKA.TOKEN, CKA.EXTRACTABLE], false),
      ...flags([CKA.PRIVATE, CKA.SENSITIVE, CKA.UNWRAP], true),
    ]);
    return withDestroyed(token, [kek], () => {
      const [cipher, iv, choice] =
        spec.kty === 'oct'
          ? ['id-aes256-wrap', Buffer.alloc(8, 0xa6), CKM.AES_KEY_WRAP]
          : ['id-aes256-wrap-pad', Buffer.from('a65959a6', 'hex'), supported(token, keyPairWraps.slice(0, 2))];
      const sealed = createCipheriv(cipher, transport, iv).update(bytes);
      const handle = token.unwrap(choice, kek, sealed, travelling(spec.kty, current));
      return withDestroyed(token, [handle], () => wrapped(token, wrapping, spec.kty, handle));
    });
  } finally {
    transport.fill(0);
  }
}

/** The key as an object of this session, which nothing can take out of the module again. */
export function loadKey(
  token: Token,
  wrapping: WrappingKeys,
  kty: KeySpec['kty'],
  use: Use,
  { mechanism, wrappedBy, wrapped: bytes }: WrappedKey,
): Handle {
  const template = [
    ...classOf(kty, use),
    ...flags([CKA.TOKEN, CKA.EXTRACTABLE], false),
    ...flags([CKA.PRIVATE, CKA.SENSITIVE], true),
    ...flags(usesOf(kty, use), true),
  ];
  return token.unwrap(mechanism, wrapping.byId(wrappedBy).handle, bytes, template);
}

/** A key that would not come out again must not be taken for one that was stored. */
function wrapped(token: Token, wrapping: WrappingKeys, kty: KeySpec['kty'], key: Handle): Made {
  const { id, handle: by } = wrapping.current();
  const mechanism = supported(token, kty === 'oct' ? secretWraps : keyPairWraps);
  const made = { mechanism, wrappedBy: id, wrapped: token.wrap(mechanism, by, key) };
  token.destroy(loadKey(token, wrapping, kty, 'cipher', made));
  return made;
}

function supported(token: Token, mechanisms: readonly number[]): number {
  const found = mechanisms.find((mechanism) => token.mechanisms.has(mechanism));
  if (found === undefined) throw new TaskFailure('unsupported', 'CKR_MECHANISM_INVALID');
  return found;
}

/** Of a key on its way into storage: it can be wrapped, by the wrapping key alone where the module knows how to hold to that. */
function travelling(kty: KeySpec['kty'], { trusted }: WrappingKey): Attribute[] {
  return [
    ...classOf(kty, 'cipher'),
    ...flags([CKA.TOKEN], false),
    ...flags([CKA.PRIVATE, CKA.SENSITIVE, CKA.EXTRACTABLE, ...usesOf(kty, 'cipher')], true),
    ...flags(trusted ? [CKA.WRAP_WITH_TRUSTED] : [], true),
  ];
}

function classOf(kty: KeySpec['kty'], use: Use): Attribute[] {
  const type = kty === 'RSA' ? CKK.RSA : kty === 'EC' ? CKK.EC : use === 'mac' ? CKK.GENERIC_SECRET : CKK.AES;
  return [
    { type: CKA.CLASS, value: kty === 'oct' ? CKO.SECRET_KEY : CKO.PRIVATE_KEY },
    { type: CKA.KEY_TYPE, value: type },
  ];
}

function usesOf(kty: KeySpec['kty'], use: Use): number[] {
  if (kty === 'RSA') return [CKA.SIGN, CKA.DECRYPT];
  return kty === 'EC' || use === 'mac' ? [CKA.SIGN] : [CKA.ENCRYPT, CKA.DECRYPT];
}

function parametersOf(spec: Exclude<KeySpec, { kty: 'oct' }>): Attribute[] {
  if (spec.kty === 'EC') return [{ type: CKA.EC_PARAMS, value: Buffer.from(curveParameters[spec.crv], 'hex') }];
  const exponent = Buffer.alloc(4);
  exponent.writeUInt32BE(spec.publicExponent);
  return [
    { type: CKA.MODULUS_BITS, value: spec.keySize },
    { type: CKA.PUBLIC_EXPONENT, value: minimal(exponent) },
  ];
}

function rsaHalf(token: Token, key: Handle): PublicJwk {
  const number = (type: number) => minimal(token.attribute(key, type)).toString('base64url');
  return { kty: 'RSA', n: number(CKA.MODULUS), e: number(CKA.PUBLIC_EXPONENT) };
}

/** The point is a DER OCTET STRING; some modules leave the string's header out. */
function ecHalf(token: Token, key: Handle, crv: Curve): PublicJwk {
  const value = token.attribute(key, CKA.EC_POINT);
  const bytes = { 'P-256': 32, 'P-384': 48, 'P-521': 66, 'P-256K': 32 }[crv];
  const point = value.subarray(-(1 + 2 * bytes));
  if (point.length !== 1 + 2 * bytes || point[0] !== 4)
    throw new TaskFailure('unsupported', 'CKR_DOMAIN_PARAMS_INVALID');
  const half = (from: number) => point.subarray(from, from + bytes).toString('base64url');
  return { kty: 'EC', crv, x: half(1), y: half(1 + bytes) };
}

function minimal(number: Buffer): Buffer {
  const start = number.findIndex((byte) => byte !== 0);
  return number.subarray(start < 0 ? number.length : start);
}

/** Session objects go with their session; until then they would fill the module. */
function withDestroyed<T>(token: Token, objects: readonly Handle[], work: () => T): T {
  try {
    return work();
  } finally {
    for (const object of objects) token.destroy(object);
  }
}
