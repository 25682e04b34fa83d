import { topOf } from './arm-paging.js';
import { parseResourceFilter, parseResourceGroup, parseSubscription } from './directory-schema.js';

const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error;

describe('the filter of the resources list', () => {
  const type = "resourceType eq 'Microsoft.KeyVault/vaults'";

  it.each([
    [undefined, {}],
    ['', {}],
    [type, {}],
    ["RESOURCETYPE EQ 'microsoft.keyvault/VAULTS'", {}],
    [`${type} and name eq 'X-1'`, { name: 'X-1' }],
    [`name eq 'X-1' AND ${type}`, { name: 'X-1' }],
    ["resourceType eq 'Microsoft.Web/sites'", undefined],
    [`${type} and tagName eq 'a'`, undefined],
    [`${type} or name eq 'a'`, undefined],
    ['nonsense', undefined],
    ["name eq 'a\0'", undefined],
  ])('%s lets pass %j', (filter, expected) => {
    expect(parseResourceFilter(filter)).toEqual(expected);
  });
});

describe('the body of a resource group', () => {
  it('has a location and perhaps tags', () => {
    expect(parseResourceGroup({ location: 'local' })).toEqual({ location: 'local', tags: {} });
    expect(parseResourceGroup({ location: 'local', tags: { a: 'b' }, managedBy: 'x' }).tags).toEqual({ a: 'b' });
  });

  it.each([
    undefined,
    [],
    {},
    { location: '' },
    { location: 1 },
    { location: 'x'.repeat(101) },
    { location: 'a', tags: 1 },
    JSON.parse('{"location":"a","tags":{"__proto__":"lost"}}') as unknown,
  ])('%j is none', (body) => {
    expect(() => parseResourceGroup(body)).toThrow(code('BadParameter'));
  });
});

describe('the body of a subscription', () => {
  it('has a display name', () => {
    expect(parseSubscription({ displayName: 'S' })).toEqual({ displayName: 'S' });
    for (const body of [undefined, {}, { displayName: 5 }]) {
      expect(() => parseSubscription(body)).toThrow(code('BadParameter'));
    }
  });
});

describe('$top', () => {
  it('is 100 unless the caller says otherwise, and at most 1000', () => {
    expect([undefined, '1', '250', '999999'].map(($top) => topOf({ query: { $top } }))).toEqual([100, 1, 250, 1000]);
  });

  it.each(['0', '-1', '1.5', 'x', '', '1e3', '9999999'])('%s is none', ($top) => {
    expect(() => topOf({ query: { $top } })).toThrow(code('ArmBadRequest'));
  });
});
