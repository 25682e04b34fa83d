import { parseCreate, parseUpdate } from './key-schema.js';

const create = (body: unknown, apiVersion = '7.6'): ReturnType<typeof parseCreate> =>
  parseCreate(body, 'k', apiVersion);
const naming = (member: string): Error =>
  expect.objectContaining({
    code: 'BadParameter',
    message: expect.stringMatching(new RegExp(`^Property ${member} has invalid value\r\n`)) as string,
  }) as Error;

describe('the body of a create request', () => {
  it('needs no more than the type; the key is then enabled', () => {
    expect(create({ kty: 'RSA' })).toMatchObject({ name: 'k', kty: 'RSA', enabled: true });
  });

  it('reads every member', () => {
    const body = {
      kty: 'RSA',
      key_size: 3072,
      public_exponent: 3,
      key_ops: ['sign'],
      attributes: { enabled: false, nbf: 5, exp: 6, exportable: false },
      tags: { a: 'b' },
    };
    expect(create(body)).toEqual({
      name: 'k',
      kty: 'RSA',
      keySize: 3072,
      publicExponent: 3,
      keyOps: ['sign'],
      tags: { a: 'b' },
      enabled: false,
      nbf: 5,
      exp: 6,
      exportable: false,
    });
  });

  it('takes null for absent and ignores unknown members', () => {
    const body = {
      kty: 'EC',
      key_size: null,
      attributes: { nbf: null, created: 1 },
      tags: null,
      curve: 'x',
      Hsm: true,
    };
    expect(create(body)).toEqual(create({ kty: 'EC' }));
  });

  it('knows the old name of the curve P-256K in the old api-version only', () => {
    expect(create({ kty: 'EC', crv: 'SECP256K1' }, '2016-10-01').crv).toBe('P-256K');
    expect(create({ kty: 'EC', crv: 'SECP256K1' }, '7.0').crv).toBe('SECP256K1');
    expect(create({ kty: 'EC', crv: 'P-256K' }, '2016-10-01').crv).toBe('P-256K');
  });

  it('gives an oct key no operation by default that its api-version has no algorithm for', () => {
    expect(create({ kty: 'oct' }, '7.5').keyOps).toEqual(['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']);
    expect(create({ kty: 'oct', key_ops: null }).keyOps).toBeUndefined();
    expect(create({ kty: 'oct', key_ops: ['sign'] }, '7.5').keyOps).toEqual(['sign']);
  });

  it('accepts 15 tags of 256 characters', () => {
    const tags = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`${i}`.padEnd(256, 'n'), 'v'.repeat(256)]));
    expect(create({ kty: 'RSA', tags }).tags).toEqual(tags);
  });

  it.each([
    ['kty', {}],
    ['kty', { kty: 1 }],
    ['key_size', { kty: 'RSA', key_size: '2048' }],
    ['key_size', { kty: 'RSA', key_size: 2048.5 }],
    ['public_exponent', { kty: 'RSA', public_exponent: true }],
    ['crv', { kty: 'EC', crv: 256 }],
    ['key_ops', { kty: 'RSA', key_ops: 'sign' }],
    ['key_ops.1', { kty: 'RSA', key_ops: ['sign', 1] }],
    ['attributes', { kty: 'RSA', attributes: 'x' }],
    ['attributes.enabled', { kty: 'RSA', attributes: { enabled: 'yes' } }],
    ['attributes.nbf', { kty: 'RSA', attributes: { nbf: -1 } }],
    ['attributes.nbf', { kty: 'RSA', attributes: { nbf: 1.5 } }],
    ['attributes.exp', { kty: 'RSA', attributes: { exp: '2030-01-01' } }],
    ['attributes.exp', { kty: 'RSA', attributes: { exp: 1e15 } }],
    ['attributes.exportable', { kty: 'RSA', attributes: { exportable: 'yes' } }],
    ['release_policy', { kty: 'RSA', release_policy: 'e30' }],
    ['release_policy.data', { kty: 'RSA', release_policy: { data: 'x'.repeat(22_001) } }],
    ['release_policy.data', { kty: 'RSA', release_policy: { data: '?' } }],
    ['release_policy.immutable', { kty: 'RSA', release_policy: { immutable: 'true' } }],
    ['tags', { kty: 'RSA', tags: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`t${i}`, ''])) }],
    ['tags.a', { kty: 'RSA', tags: { a: 1 } }],
    ['tags.a', { kty: 'RSA', tags: { a: 'x'.repeat(257) } }],
  ])('names %s when it is wrong', (member, body) => {
    expect(() => create(body)).toThrow(naming(member));
  });

  it('is required', () => {
    expect(() => create(undefined)).toThrow('The request body is missing or empty.');
  });
});

describe('the body of an update request', () => {
  it('reads what is there and leaves the rest undefined', () => {
    expect(parseUpdate({ attributes: { enabled: false } }, 'k', 'v', '7.6')).toEqual({
      name: 'k',
      version: 'v',
      enabled: false,
    });
    expect(parseUpdate({ key_ops: [], tags: {} }, 'k', undefined, '7.6')).toEqual({ name: 'k', keyOps: [], tags: {} });
  });

  it('reads what there is of a release policy, in one spelling', () => {
    const body = { attributes: { exportable: true }, release_policy: { data: 'e30=', contentType: null } };
    expect(parseUpdate(body, 'k', 'v', '7.3')).toMatchObject({ exportable: true, releasePolicy: { data: 'e30' } });
    expect(parseUpdate({ release_policy: null }, 'k', 'v', '7.3')).toEqual({ name: 'k', version: 'v' });
  });

  it('refuses export before 7.3, where nobody would see the policy', () => {
    for (const body of [{ attributes: { exportable: true } }, { release_policy: { data: 'e30' } }]) {
      expect(() => parseUpdate(body, 'k', 'v', '7.2')).toThrow(/^AKV\.SKR\.1001: /);
      expect(() => parseUpdate(body, 'k', 'v', '7.3-preview')).not.toThrow();
    }
    expect(parseUpdate({ attributes: { exportable: false } }, 'k', 'v', '7.2')).toEqual({ name: 'k', version: 'v' });
  });
});
