import { cryptoOps, keyOpsOf } from './key-ops.js';
import { assertCustody, keySpecOf, typeName } from './key-spec.js';

const badParameter = (message: string): Error => expect.objectContaining({ code: 'BadParameter', message }) as Error;

describe('keySpecOf', () => {
  it.each([2048, 3072, 4096])('accepts an RSA key of %i bits', (keySize) => {
    expect(keySpecOf({ kty: 'RSA', keySize })).toEqual({ kty: 'RSA', keySize, publicExponent: 65537 });
  });

  it.each(['P-256', 'P-384', 'P-521', 'P-256K'])('accepts an EC key on %s', (crv) => {
    expect(keySpecOf({ kty: 'EC', crv })).toEqual({ kty: 'EC', crv });
  });

  it.each([128, 192, 256])('accepts an oct key of %i bits', (keySize) => {
    expect(keySpecOf({ kty: 'oct', keySize })).toEqual({ kty: 'oct', keySize });
  });

  it('defaults RSA to 2048 bits with exponent 65537, EC to P-256 and oct to 256 bits', () => {
    expect(keySpecOf({ kty: 'RSA' })).toEqual({ kty: 'RSA', keySize: 2048, publicExponent: 65537 });
    expect(keySpecOf({ kty: 'EC' })).toEqual({ kty: 'EC', crv: 'P-256' });
    expect(keySpecOf({ kty: 'oct' })).toEqual({ kty: 'oct', keySize: 256 });
  });

  it('accepts the public exponent 3', () => {
    expect(keySpecOf({ kty: 'RSA', publicExponent: 3 })).toMatchObject({ publicExponent: 3 });
  });

  it.each([
    ['a size that is too small', { kty: 'RSA', keySize: 1024 }, 'key_size'],
    ['a size between the known ones', { kty: 'RSA', keySize: 2049 }, 'key_size'],
    ['an even exponent', { kty: 'RSA', publicExponent: 65536 }, 'public_exponent'],
    ['an exponent of 1', { kty: 'RSA', publicExponent: 1 }, 'public_exponent'],
    ['an unknown curve', { kty: 'EC', crv: 'P-192' }, 'crv'],
    ['a curve in the old spelling', { kty: 'EC', crv: 'SECP256K1' }, 'crv'],
    ['an oct key of a size that AES does not have', { kty: 'oct', keySize: 512 }, 'key_size'],
    ['an oct key of no size', { kty: 'oct', keySize: 0 }, 'key_size'],
    ['oct in upper case', { kty: 'OCT' }, 'kty'],
    ['a type in lower case', { kty: 'rsa' }, 'kty'],
    ['an unknown type', { kty: 'DSA' }, 'kty'],
  ])('refuses %s and names the member', (_what, request, member) => {
    expect(() => keySpecOf(request)).toThrow(
      badParameter(expect.stringMatching(new RegExp(`^Property ${member} `)) as string),
    );
  });

  it.each(['RSA', 'EC', 'oct'] as const)('takes %s-HSM for the same key in hardware', (kty) => {
    const spec = keySpecOf({ kty: `${kty}-HSM` });
    expect(spec).toEqual({ ...keySpecOf({ kty }), hsm: true });
    expect(typeName(spec.kty, spec)).toBe(`${kty}-HSM`);
    expect(() => {
      assertCustody(spec.kty, spec, false);
    }).toThrow(`${kty}-HSM need a hardware security module`);
    expect(() => {
      assertCustody(spec.kty, spec, true);
      assertCustody(kty, {}, false);
    }).not.toThrow();
  });

  it.each(['-HSM', 'RSA-HSM-HSM', 'rsa-HSM', 'RSA-hsm'])('refuses %s', (kty) => {
    expect(() => keySpecOf({ kty })).toThrow(/RSA, EC or oct/);
  });
});

describe('keyOpsOf', () => {
  it('gives an RSA and an oct key all six operations and an EC key sign and verify when none are asked for', () => {
    expect(keyOpsOf('RSA', undefined)).toEqual(cryptoOps);
    expect(keyOpsOf('oct', undefined)).toEqual(cryptoOps);
    expect(keyOpsOf('EC', undefined)).toEqual(['sign', 'verify']);
  });

  it('takes an empty list as no operation at all', () => {
    expect(keyOpsOf('RSA', [])).toEqual([]);
  });

  it('keeps the order of the request and drops repetitions', () => {
    expect(keyOpsOf('RSA', ['verify', 'sign', 'verify'])).toEqual(['verify', 'sign']);
  });

  it.each(['encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'import', 'export'])('refuses %s for an EC key', (op) => {
    expect(() => keyOpsOf('EC', [op])).toThrow(`Operation ${op} does not fit a key of type EC.`);
  });

  it('refuses an unknown name without repeating it', () => {
    expect(() => keyOpsOf('RSA', ['sign', 'frobnicate'])).toThrow(
      badParameter(expect.not.stringContaining('frobnicate') as string),
    );
  });
});
