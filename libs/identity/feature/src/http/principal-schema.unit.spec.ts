import { parseKeyId, parsePassword, parsePrincipal, parsePrincipalFilter } from './principal-schema.js';

const badParameter = expect.objectContaining({ code: 'BadParameter' }) as Error;
const appId = '6f1d2c3b-0000-4000-8000-000000000002';

describe('a service principal on the wire', () => {
  it('takes a name and perhaps a client id; other members are ignored', () => {
    expect(parsePrincipal({ displayName: 'd', appId, tags: [] })).toEqual({ displayName: 'd', appId });
    expect(parsePrincipal({ displayName: 'd', appId: null })).toEqual({ displayName: 'd' });
  });

  it.each([undefined, null, [], 'x', {}, { displayName: 1 }, { displayName: 'd', appId: 'x' }])('is not %j', (body) => {
    expect(() => parsePrincipal(body)).toThrow();
  });
});

describe('a password on the wire', () => {
  it('may say nothing at all', () => {
    for (const body of [undefined, {}, { passwordCredential: null }, { passwordCredential: { displayName: null } }]) {
      expect(parsePassword(body)).toEqual({});
    }
  });

  it.each([
    { endDateTime: 'x' },
    { endDateTime: '2030-01-01' },
    { displayName: 'x'.repeat(257) },
    { startDateTime: 1 },
  ])('is not %j', (passwordCredential) => {
    expect(() => parsePassword({ passwordCredential })).toThrow(badParameter);
  });

  it('is removed by its key id', () => {
    expect(parseKeyId({ keyId: appId.toUpperCase() })).toBe(appId);
    expect(() => parseKeyId({ keyId: 'x' })).toThrow(badParameter);
  });
});

describe('a filter', () => {
  it.each([
    [undefined, {}],
    ['  ', {}],
    [`appId eq '${appId}'`, { appId }],
    ["displayName eq 'O''Brien and sons'", { displayName: "O'Brien and sons" }],
    ["displayName eq ''''", { displayName: "'" }],
    [`displayName eq 'a b' AND appId eq '${appId}'`, { displayName: 'a b', appId }],
  ])('%s is %j', (filter, expected) => {
    expect(parsePrincipalFilter(filter)).toEqual(expected);
  });

  it.each([
    "appId eq 'x",
    "id eq 'x'",
    "appId eq ''",
    "appId eq 'x' or 1",
    "displayName eq 'a\u0000'",
    "appId ne 'x'",
    "displayName eq 'a'b'",
    "appId eq 'x' and",
    "appId eq 'x' and appId eq 'y'",
  ])('%j is refused', (filter) => {
    expect(() => parsePrincipalFilter(filter)).toThrow(badParameter);
  });
});
