import { openApiValidator } from './openapi.js';

const VERSION = '0123456789abcdef0123456789abcdef';
const attributes = { enabled: true, created: 1_700_000_000, updated: 1_700_000_000, recoveryLevel: 'Recoverable' };
const secret = { value: 's', id: `https://v.vault.localhost/secrets/s/${VERSION}`, attributes, tags: { a: 'b' } };
const key = {
  key: { kid: `https://v.vault.localhost/keys/k/${VERSION}`, kty: 'RSA', key_ops: ['sign'], n: 'AQAB-_', e: 'AQAB' },
  attributes,
};
const refusal = { error: { code: 'Forbidden', message: 'No.', innererror: { code: 'AccessDenied' } } };
const VAULT = '/subscriptions/S/resourceGroups/G/providers/Microsoft.KeyVault/vaults/v1';
const vault = {
  id: VAULT,
  name: 'v1',
  type: 'Microsoft.KeyVault/vaults',
  location: 'local',
  properties: {
    tenantId: '6f8d4a1e-0000-4000-8000-000000000001',
    sku: { family: 'A', name: 'standard' },
    vaultUri: 'https://v1.vault.localhost/',
    accessPolicies: [],
  },
};

function withAttributes(changes: Readonly<Record<string, unknown>>): unknown {
  return { ...secret, attributes: { ...attributes, ...changes } };
}

describe('responses of the data plane', () => {
  const { validate, unknown, version } = openApiValidator('data', '7.4');

  it('are held against the api-version asked', () => {
    expect(version).toBe('7.4');
  });

  it.each<[string, string, number, unknown]>([
    ['PUT', '/secrets/s', 200, secret],
    ['PUT', '/secrets/s?api-version=7.4', 200, secret],
    ['GET', `/secrets/s/${VERSION}`, 200, secret],
    ['GET', '/secrets/s/', 200, secret],
    ['get', '//Secrets/s', 200, secret],
    ['GET', '/secrets/s/versions', 200, { value: [{ id: secret.id, attributes }], nextLink: null }],
    ['GET', '/secrets', 200, { value: [], nextLink: 'https://v.vault.localhost/secrets?$skiptoken=x' }],
    ['DELETE', '/deletedsecrets/s', 204, undefined],
    ['GET', '/secrets/s', 403, refusal],
    ['POST', '/keys/k/create', 200, key],
    ['POST', `/keys/k/${VERSION}/sign`, 200, { kid: key.key.kid, value: 'AQAB' }],
    ['POST', '/keys/k/sign', 200, { kid: key.key.kid, value: 'AQAB' }],
  ])('are accepted as described: %s %s %s', (method, path, status, body) => {
    expect(validate(method, path, status, body)).toEqual([]);
  });

  it.each<[string, string, number, string, unknown]>([
    ['PUT', '/secrets/s', 200, '/value must be string', { ...secret, value: 7 }],
    ['PUT', '/secrets/s', 200, '/attributes/created must be', withAttributes({ created: 1.5 })],
    ['PUT', '/secrets/s', 200, '/attributes/enabled must be boolean', withAttributes({ enabled: null })],
    ['PUT', '/secrets/s', 200, '/attributes/recoveryLevel must be equal', withAttributes({ recoveryLevel: 'Lost' })],
    ['PUT', '/secrets/s', 200, '/tags/a must be string', { ...secret, tags: { a: 1 } }],
    ['PUT', '/secrets/s', 200, '/ must be object', 'stored'],
    ['PUT', '/secrets/s', 200, '/ must be object', undefined],
    ['PUT', '/secrets/s', 201, 'status 201 is not declared', secret],
    ['GET', '/secrets', 200, '/value/0/attributes/enabled must be', { value: [{ attributes: { enabled: 'yes' } }] }],
    ['DELETE', '/deletedsecrets/s', 204, 'there is a body', {}],
    ['POST', '/keys/k/create', 200, '/key/n must match format "base64url"', { key: { ...key.key, n: 'AQAB==' } }],
    ['POST', '/keys/k/create', 200, '/key/kty must be equal to one', { key: { ...key.key, kty: 'DSA' } }],
    ['POST', `/keys/k/${VERSION}/verify`, 200, '/value must be boolean', { value: 'true' }],
    ['GET', '/secrets/s', 404, "must have required property 'error'", { message: 'no envelope' }],
    ['GET', '/secrets/s', 404, "must have required property 'message'", { error: { code: 'SecretNotFound' } }],
    ['GET', '/certificates', 200, 'is not an operation of 7.4', { value: [] }],
    ['DELETE', '/secrets', 200, 'is not an operation of 7.4', {}],
  ])('are refused when they differ: %s %s %s, because %s', (method, path, status, error, body) => {
    expect(validate(method, path, status, body).join('; ')).toContain(error);
  });

  it('may carry undeclared members, which are told apart', () => {
    const more = { ...secret, colour: 1, attributes: { ...attributes, mood: 'good' } };

    expect(validate('PUT', '/secrets/s', 200, more)).toEqual([]);
    expect(unknown('PUT', '/secrets/s', 200, more)).toEqual(['unknown: attributes.mood', 'unknown: colour']);
    expect(unknown('PUT', '/secrets/s', 200, secret)).toEqual([]);
    expect(unknown('GET', '/secrets', 200, { value: [{ id: 'x', value: 's' }] })).toEqual(['unknown: value[].value']);
    expect(unknown('GET', '/secrets', 403, refusal)).toEqual([]);
  });

  it('are held against 2016-10-01, which knows fewer members', () => {
    const old = openApiValidator('data', '2016-10-01');
    const days = { ...secret, attributes: { ...attributes, recoverableDays: 90 } };

    expect(old.validate('GET', `/secrets/s/${VERSION}`, 200, secret)).toEqual([]);
    expect(old.unknown('GET', `/secrets/s/${VERSION}`, 200, days)).toEqual(['unknown: attributes.recoverableDays']);
  });

  it.each([
    ['2016-10-01', '2016-10-01'],
    ['7.0', '7.0'],
    ['7.1', '7.1'],
    ['7.2', '7.2'],
    ['7.3-preview', '7.2'],
    ['7.3', '7.3'],
    ['7.5', '7.5'],
    ['7.5-preview.1', '7.4'],
    ['7.6-preview.1', '7.6-preview.1'],
    ['7.6', '7.6-preview.1'],
    ['2025-07-01', '7.6-preview.1'],
  ])('of api-version %s are held against %s, the newest description that is not newer', (asked, used) => {
    expect(openApiValidator('data', asked).version).toBe(used);
  });

  it('of an api-version older than every description cannot be judged', () => {
    expect(() => openApiValidator('data', '2015-06-01')).toThrow('2015-06-01');
  });
});

describe('responses of the management plane', () => {
  it.each(['2016-10-01', '2019-09-01', '2021-10-01', '2023-07-01'])('are judged by %s', (apiVersion) => {
    const { validate, unknown, version } = openApiValidator('arm', apiVersion);
    const sku = { ...vault, properties: { ...vault.properties, sku: { family: 'A', name: 'gold' } } };

    expect(version).toBe(apiVersion);
    expect(validate('PUT', VAULT, 200, vault)).toEqual([]);
    expect(validate('put', VAULT.toUpperCase(), 201, vault)).toEqual([]);
    expect(
      validate('GET', '/subscriptions/S/providers/Microsoft.KeyVault/vaults?$top=1', 200, { value: [vault] }),
    ).toEqual([]);
    expect(validate('GET', VAULT, 404, { error: { code: 'ResourceNotFound', message: 'Not found.' } })).toEqual([]);
    expect(unknown('PUT', VAULT, 200, { ...vault, etag: '1' })).toEqual(['unknown: etag']);
    expect(validate('PUT', VAULT, 200, sku).join()).toContain('/properties/sku/name must be equal to one');
    expect(validate('GET', VAULT, 404, 'Not found.').join()).toContain('must be object');
    const tenant = { ...vault, properties: { ...vault.properties, tenantId: 'mine' } };
    expect(validate('PUT', VAULT, 200, tenant).join()).toContain('/properties/tenantId must match format "uuid"');
  });
});
