import { parseNameAvailability, parsePolicyUpdate, parseVaultPatch, parseVaultPut } from './vault-schema.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const policy = { tenantId, objectId: 'alice', permissions: { keys: ['Get'] } };
const put = (properties: object = {}, more: object = {}) =>
  parseVaultPut({
    location: 'local',
    properties: { tenantId, sku: { family: 'A', name: 'Standard' }, ...properties },
    ...more,
  });
const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error;
const naming = (member: string): Error =>
  expect.objectContaining({
    code: 'BadParameter',
    message: expect.stringMatching(new RegExp(`^Property ${member} has invalid value\r\n`)) as string,
  }) as Error;

describe('the body of a vault PUT', () => {
  it('reads what it says and leaves out what it does not', () => {
    expect(put()).toEqual({
      location: 'local',
      recover: false,
      requested: { settings: { tenantId, sku: 'Standard' } },
    });
  });

  it('reads every member', () => {
    const members = {
      enabledForDeployment: true,
      enabledForDiskEncryption: false,
      enabledForTemplateDeployment: true,
      enableSoftDelete: true,
      softDeleteRetentionInDays: 7,
      enableRbacAuthorization: true,
      enablePurgeProtection: true,
      publicNetworkAccess: 'Disabled',
    };
    const networkAcls = {
      bypass: 'None',
      defaultAction: 'Deny',
      ipRules: [{ value: '10.0.0.0/8' }],
      virtualNetworkRules: [{ id: '/n', ignoreMissingVnetServiceEndpoint: true }],
    };
    const { requested } = put({ ...members, networkAcls, accessPolicies: [policy] }, { tags: { a: 'b' } });
    expect(requested).toEqual({
      settings: { tenantId, sku: 'Standard', ...members, networkAcls },
      accessPolicies: [policy],
      tags: { a: 'b' },
    });
  });

  it('takes null for absent and ignores unknown members', () => {
    const nulls = {
      accessPolicies: null,
      enableSoftDelete: null,
      networkAcls: null,
      createMode: null,
      vaultUri: 'https://ignored/',
      hsmPoolResourceId: 5,
    };
    expect(put(nulls, { tags: null, id: 7 })).toEqual(put());
  });

  it('tells recovery from creation, in any casing', () => {
    expect(put({ createMode: 'Recover' }).recover).toBe(true);
    expect(put({ createMode: 'DEFAULT' }).recover).toBe(false);
    expect(() => put({ createMode: 'purgeThenCreate' })).toThrow(code('ArmBadRequest'));
  });

  it.each([
    ['properties.enableSoftDelete', { enableSoftDelete: 'yes' }],
    ['properties.softDeleteRetentionInDays', { softDeleteRetentionInDays: '7' }],
    ['properties.sku', { sku: 'standard' }],
    ['properties.tenantId', { tenantId: 5 }],
    ['properties.accessPolicies', { accessPolicies: {} }],
    ['properties.accessPolicies.0.objectId', { accessPolicies: [{ tenantId, permissions: {} }] }],
    ['properties.accessPolicies.0.permissions', { accessPolicies: [{ tenantId, objectId: 'a' }] }],
    ['properties.accessPolicies.0.permissions.keys', { accessPolicies: [{ ...policy, permissions: { keys: 'get' } }] }],
    ['properties.networkAcls.defaultAction', { networkAcls: { defaultAction: 'Maybe' } }],
  ])('names %s when it is wrong', (member, properties) => {
    expect(() => put(properties)).toThrow(naming(member));
  });

  it.each([
    undefined,
    null,
    [],
    'text',
    5,
    {},
    { location: 'local' },
    { properties: {} },
    { location: '', properties: {} },
  ])('refuses %j', (body) => {
    expect(() => parseVaultPut(body)).toThrow(code('BadParameter'));
  });

  it('refuses tags that are no texts', () => {
    for (const tags of [[], 'a', { a: 1 }, { a: null }]) expect(() => put({}, { tags })).toThrow(code('BadParameter'));
  });

  it('bounds what it hands on', () => {
    const accessPolicies = Array.from({ length: 2001 }, () => policy);
    expect(() => put({ accessPolicies })).toThrow(naming('properties.accessPolicies'));
    const many = Array.from({ length: 65 }, () => 'get');
    expect(() => put({ accessPolicies: [{ ...policy, permissions: { keys: many } }] })).toThrow(code('BadParameter'));
  });
});

describe('the body of a vault PATCH', () => {
  it('may say nothing at all', () => {
    expect(parseVaultPatch({})).toEqual({ settings: {} });
    expect(parseVaultPatch({ properties: null, tags: null })).toEqual({ settings: {} });
  });

  it('says one thing without the others', () => {
    expect(parseVaultPatch({ tags: {}, properties: { sku: { name: 'premium' } } })).toEqual({
      settings: { sku: 'premium' },
      tags: {},
    });
    expect(parseVaultPatch({ properties: { accessPolicies: [] } })).toEqual({ settings: {}, accessPolicies: [] });
  });

  it('must be an object of the right types', () => {
    for (const body of [undefined, [], { properties: 1 }, { properties: { enablePurgeProtection: 'x' } }]) {
      expect(() => parseVaultPatch(body)).toThrow(code('BadParameter'));
    }
  });
});

it('a tag of a vault that would get lost is refused', () => {
  const tags = JSON.parse('{"__proto__":"lost"}') as unknown;
  expect(() => parseVaultPatch({ tags })).toThrow(code('BadParameter'));
  expect(() => parseVaultPut({ location: 'a', tags, properties: {} })).toThrow(code('BadParameter'));
  expect(parseVaultPatch({ tags: { constructor: 'kept' } }).tags).toEqual({ constructor: 'kept' });
});

describe('an update of access policies', () => {
  const body = { properties: { accessPolicies: [{ ...policy, applicationId: null }] } };

  it.each(['add', 'replace', 'remove'])('%s is known in any casing', (kind) => {
    expect(parsePolicyUpdate(kind.toUpperCase(), body)).toEqual({ kind, accessPolicies: [policy] });
  });

  it.each(['merge', '', undefined])('%s is none', (kind) => {
    expect(() => parsePolicyUpdate(kind, body)).toThrow(code('ArmBadRequest'));
  });

  it('needs a list of policies', () => {
    for (const wrong of [undefined, {}, { properties: {} }]) {
      expect(() => parsePolicyUpdate('add', wrong)).toThrow(code('BadParameter'));
    }
  });
});

describe('a question about a name', () => {
  it('names the name and the type', () => {
    const question = { name: 'v', type: 'Microsoft.KeyVault/vaults' };
    expect(parseNameAvailability(question)).toEqual(question);
    for (const wrong of [undefined, {}, { name: 'v' }, { ...question, name: 5 }]) {
      expect(() => parseNameAvailability(wrong)).toThrow(code('BadParameter'));
    }
  });
});
