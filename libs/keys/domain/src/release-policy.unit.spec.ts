import { assertReleasePolicy, meetsReleasePolicy, parseReleasePolicy } from './release-policy.js';

const AUTHORITY = 'https://attest.example';
const encode = (policy: unknown): string =>
  Buffer.from(typeof policy === 'string' ? policy : JSON.stringify(policy)).toString('base64url');
const policyOf = (...rules: readonly object[]) => encode({ version: '1.0.0', anyOf: rules });
const meets = (data: string, claims: Record<string, unknown>, authority = AUTHORITY) =>
  meetsReleasePolicy(parseReleasePolicy(data), authority, claims);

describe('a release policy', () => {
  const data = policyOf(
    {
      authority: `${AUTHORITY}/`,
      allOf: [
        { claim: 'tee.type', equals: 'sevsnpvm' },
        { claim: 'debug', equals: false },
      ],
    },
    { authority: 'https://other.example', anyOf: [{ claim: 'svn', equals: 3 }] },
  );

  it('is met by claims of one of its authorities', () => {
    expect(meets(data, { tee: { type: 'sevsnpvm' }, debug: false })).toBe(true);
    expect(meets(data, { svn: 3 }, 'https://other.example/')).toBe(true);
  });

  it.each([
    ['a claim is missing', { tee: { type: 'sevsnpvm' } }],
    ['a claim differs', { tee: { type: 'sevsnpvm' }, debug: true }],
    ['a claim differs in case', { tee: { type: 'SEVSNPVM' }, debug: false }],
    ['the path leads to nothing', { tee: 'sevsnpvm', debug: false }],
    ['the name has the dots instead of the path', { 'tee.type': 'sevsnpvm', debug: false }],
    ['a list stands where a value should', { tee: { type: ['sevsnpvm'] }, debug: false }],
    ['nothing is claimed', {}],
  ])('is not met when %s', (_what, claims) => {
    expect(meets(data, claims)).toBe(false);
  });

  it('is met under the rules of the token’s own authority only', () => {
    expect(meets(data, { svn: 3 })).toBe(false);
    expect(meets(data, { tee: { type: 'sevsnpvm' }, debug: false }, 'https://other.example')).toBe(false);
    expect(meets(data, { svn: 3 }, 'https://third.example')).toBe(false);
  });

  it('compares as text, as Azure does', () => {
    const one = (equals: unknown) => policyOf({ authority: AUTHORITY, allOf: [{ claim: 'a', equals }] });
    expect(meets(one('true'), { a: true })).toBe(true);
    expect(meets(one(true), { a: 'true' })).toBe(true);
    expect(meets(one('1'), { a: 1 })).toBe(true);
    expect(meets(one('null'), { a: null })).toBe(false);
    expect(meets(one('[object Object]'), { a: {} })).toBe(false);
    expect(meets(one('x'), { a: ['x'] })).toBe(false);
  });

  it('takes no number that may have been another before it was read', () => {
    const largest = policyOf({ authority: AUTHORITY, allOf: [{ claim: 'a', equals: Number.MAX_SAFE_INTEGER }] });
    expect(meets(largest, { a: Number.MAX_SAFE_INTEGER })).toBe(true);
    const asText = policyOf({ authority: AUTHORITY, allOf: [{ claim: 'a', equals: '9007199254740992' }] });
    expect(meets(asText, { a: 2 ** 53 })).toBe(false);
  });

  it('sees a token’s own members only', () => {
    const path = (claim: string) => policyOf({ authority: AUTHORITY, allOf: [{ claim, equals: 'Object' }] });
    expect(meets(path('constructor.name'), {})).toBe(false);
    expect(meets(path('__proto__.constructor.name'), {})).toBe(false);
    expect(meets(policyOf({ authority: AUTHORITY, allOf: [{ claim: 'a.length', equals: 1 }] }), { a: 'x' })).toBe(
      false,
    );
  });

  it('nests, and takes the older form', () => {
    const nested = policyOf({
      authority: AUTHORITY,
      anyOf: [
        { allOf: [{ claim: 'a', equals: '1' }, { anyOf: [{ claim: 'b', equals: '2' }] }] },
        { claim: 'c', condition: 'equals', value: 'true' },
      ],
    });
    expect(meets(nested, { a: '1', b: '2' })).toBe(true);
    expect(meets(nested, { a: '1' })).toBe(false);
    expect(meets(nested, { c: true })).toBe(true);
    const noVersion = encode({ anyOf: [{ authority: AUTHORITY, allOf: [{ claim: 'a', equals: '1' }] }] });
    expect(meets(noVersion, { a: '1' })).toBe(true);
  });

  const rule = { claim: 'a', equals: '1' };
  const deep = (levels: number): object => (levels === 0 ? rule : { allOf: [deep(levels - 1)] });

  it.each<[string, unknown]>([
    ['no JSON', 'x'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1')],
    ['a list', []],
    ['no anyOf', { version: '1.0.0' }],
    ['an empty anyOf', { version: '1.0.0', anyOf: [] }],
    ['another version', { version: '2.0.0', anyOf: [{ authority: AUTHORITY, allOf: [rule] }] }],
    ['allOf at the top', { version: '1.0.0', allOf: [{ authority: AUTHORITY, allOf: [rule] }] }],
    ['no authority', { anyOf: [{ allOf: [rule] }] }],
    ['an authority that is no URL', { anyOf: [{ authority: 'attest', allOf: [rule] }] }],
    ['an authority of another scheme', { anyOf: [{ authority: 'file:///etc/passwd', allOf: [rule] }] }],
    ['no condition', { anyOf: [{ authority: AUTHORITY }] }],
    ['no condition in a list', { anyOf: [{ authority: AUTHORITY, allOf: [] }] }],
    ['two lists', { anyOf: [{ authority: AUTHORITY, allOf: [rule], anyOf: [rule] }] }],
    ['a condition that is none', { anyOf: [{ authority: AUTHORITY, allOf: ['a'] }] }],
    ['a claim without a value', { anyOf: [{ authority: AUTHORITY, allOf: [{ claim: 'a' }] }] }],
    ['a claim with null', { anyOf: [{ authority: AUTHORITY, allOf: [{ claim: 'a', equals: null }] }] }],
    ['a claim with an object', { anyOf: [{ authority: AUTHORITY, allOf: [{ claim: 'a', equals: {} }] }] }],
    ['an empty claim', { anyOf: [{ authority: AUTHORITY, allOf: [{ claim: '', equals: 1 }] }] }],
    ['a claim with conditions', { anyOf: [{ authority: AUTHORITY, allOf: [{ ...rule, allOf: [rule] }] }] }],
    ['another operator', { anyOf: [{ authority: AUTHORITY, allOf: [{ claim: 'a', condition: 'not', value: 1 }] }] }],
    ['two forms at once', { anyOf: [{ authority: AUTHORITY, allOf: [{ ...rule, condition: 'equals', value: 1 }] }] }],
    ['a condition beside the rules', { anyOf: [{ authority: AUTHORITY, allOf: [rule] }], allOf: [rule] }],
    ['a condition beside a list', { anyOf: [{ authority: AUTHORITY, allOf: [rule], claim: 'x', equals: 'y' }] }],
    ['an operator beside equals', { anyOf: [{ authority: AUTHORITY, allOf: [{ ...rule, notEquals: '1' }] }] }],
    ['a value without its condition', { anyOf: [{ authority: AUTHORITY, allOf: [{ ...rule, value: 2 }] }] }],
    ['an authority inside', { anyOf: [{ authority: AUTHORITY, allOf: [{ authority: AUTHORITY, allOf: [rule] }] }] }],
    [
      'a number that is read as another',
      { anyOf: [{ authority: AUTHORITY, allOf: [{ claim: 'a', equals: 2 ** 53 }] }] },
    ],
    ['too deep', { anyOf: [{ authority: AUTHORITY, allOf: [deep(8)] }] }],
    ['too many conditions', { anyOf: [{ authority: AUTHORITY, allOf: Array.from({ length: 257 }, () => rule) }] }],
    ['too long', { anyOf: [{ authority: AUTHORITY, allOf: [rule] }], pad: 'x'.repeat(16 * 1024) }],
  ])('is refused that is %s', (_what, policy) => {
    expect(() => parseReleasePolicy(encode(policy))).toThrow(
      expect.objectContaining({
        code: 'BadParameter',
        message: expect.stringMatching(/^Property release_policy\.data has invalid value\r\n/) as string,
      }) as Error,
    );
  });

  it('may be as deep as its bound', () => {
    expect(meets(policyOf({ authority: AUTHORITY, allOf: [deep(7)] }), { a: '1' })).toBe(true);
  });

  it.each(['text/plain', 'application/jsonx', 'application/json;\n', `application/json;${'x'.repeat(256)}`])(
    'is refused with content type %j',
    (contentType) => {
      expect(() => {
        assertReleasePolicy({ contentType, data, immutable: false });
      }).toThrow(/release_policy.contentType/);
    },
  );
});
