import { createHash, randomBytes } from 'node:crypto';
import { dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';
import { openApiValidator, type OpenApiValidator } from '../support/openapi.js';

// No current client speaks this version; Azure Stack Hub's profiles do. The calls are made by hand.
const VERSION = '2016-10-01';

let coffer: RunningCoffer;
let dataPlane: OpenApiValidator;
let arm: OpenApiValidator;
let token: string;
let armToken: string;
const problems: string[] = [];
const operations = new Set<string>();

beforeAll(async () => {
  coffer = await startCoffer();
  dataPlane = openApiValidator('data', VERSION);
  arm = openApiValidator('arm', VERSION);
  token = await tokenFor(coffer, vaultResource(coffer));
  armToken = await tokenFor(coffer, coffer.managementUrl);
});
afterAll(() => coffer.dispose());

async function call<T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
  status = 200,
): Promise<T> {
  const separator = path.includes('?') ? '&' : '?';
  const url = `${coffer.vaultUrl()}${path}${separator}api-version=${VERSION}`;
  const answer = await ask(coffer, url, { method, token, body });
  expect([method, path, answer.status]).toEqual([method, path, status]);
  check(dataPlane, method, path, answer.status, answer.json());
  return answer.json<T>();
}

async function callArm<T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
  status = 200,
): Promise<T> {
  const answer = await ask(coffer, `${coffer.managementUrl}${path}?api-version=${VERSION}`, {
    method,
    token: armToken,
    body,
  });
  expect([method, path, answer.status]).toEqual([method, path, status]);
  check(arm, method, path, answer.status, answer.json());
  return answer.json<T>();
}

function check(validator: OpenApiValidator, method: string, path: string, status: number, body: unknown): void {
  expect(validator.version).toBe(VERSION);
  const found = [...validator.validate(method, path, status, body), ...validator.unknown(method, path, status, body)];
  problems.push(...found.map((problem) => `${method} ${path} ${status}: ${problem}`));
  operations.add(`${method} ${path.replace(/\?.*/, '')}`);
}

describe('api-version 2016-10-01', () => {
  afterAll(() => {
    expect(problems).toEqual([]);
  });

  it('serves every operation on secrets as described', async () => {
    const attributes = { enabled: true, nbf: 1_500_000_000, exp: 4_000_000_000 };
    const made = await call<{ id: string; attributes: { recoveryLevel: string } }>('PUT', '/secrets/old', {
      value: 'v',
      contentType: 'text/plain',
      tags: { a: 'b' },
      attributes,
    });
    expect(made.attributes.recoveryLevel).toBe('Recoverable+Purgeable');
    const version = made.id.split('/').at(-1) ?? '';
    await call('GET', '/secrets/old');
    await call('GET', `/secrets/old/${version}`);
    await call('PATCH', `/secrets/old/${version}`, { contentType: 'text/html', attributes: { enabled: true } });
    await call('GET', '/secrets?maxresults=1');
    await call('GET', '/secrets/old/versions');
    await call('DELETE', '/secrets/old');
    await call('GET', '/deletedsecrets');
    await call('GET', '/deletedsecrets/old');
    await call('POST', '/deletedsecrets/old/recover');
    await call('DELETE', '/secrets/old');
    await call('DELETE', '/deletedsecrets/old', undefined, 204);
    await call('GET', '/secrets/old', undefined, 404);
  });

  it('serves every operation on keys as described', async () => {
    const rsa = await call<{ key: { kid: string; n: string } }>('POST', '/keys/old-rsa/create', {
      kty: 'RSA',
      key_size: 2048,
      tags: { a: 'b' },
    });
    const version = rsa.key.kid.split('/').at(-1) ?? '';
    await call('GET', '/keys/old-rsa');
    await call('GET', `/keys/old-rsa/${version}`);
    await call('PATCH', `/keys/old-rsa/${version}`, { attributes: { exp: 4_000_000_000 } });
    await call('GET', '/keys');
    await call('GET', '/keys/old-rsa/versions');
    const value = createHash('sha256').update('x').digest('base64url');
    const at = `/keys/old-rsa/${version}`;
    const signed = await call<{ value: string }>('POST', `${at}/sign`, { alg: 'RS256', value });
    expect(await call('POST', `${at}/verify`, { alg: 'RS256', digest: value, value: signed.value })).toEqual({
      value: true,
    });
    const plain = randomBytes(32).toString('base64url');
    const encrypted = await call<{ value: string }>('POST', `${at}/encrypt`, { alg: 'RSA-OAEP', value: plain });
    expect((await call('POST', `${at}/decrypt`, { alg: 'RSA-OAEP', value: encrypted.value }))['value']).toBe(plain);
    const wrapped = await call<{ value: string }>('POST', `${at}/wrapkey`, { alg: 'RSA1_5', value: plain });
    expect((await call('POST', `${at}/unwrapkey`, { alg: 'RSA1_5', value: wrapped.value }))['value']).toBe(plain);
    await call('DELETE', '/keys/old-rsa');
    await call('GET', '/deletedkeys');
    await call('GET', '/deletedkeys/old-rsa');
    await call('POST', '/deletedkeys/old-rsa/recover');
    await call('DELETE', '/keys/old-rsa');
    await call('DELETE', '/deletedkeys/old-rsa', undefined, 204);
  });

  it('spells the curve of Bitcoin as it was spelt then', async () => {
    const made = await call<{ key: { crv: string } }>('POST', '/keys/old-ec/create', { kty: 'EC', crv: 'SECP256K1' });
    expect(made.key.crv).toBe('SECP256K1');
    const value = createHash('sha256').update('x').digest('base64url');
    const signed = await call<{ value: string }>('POST', '/keys/old-ec//sign', { alg: 'ECDSA256', value });
    expect(Buffer.from(signed.value, 'base64url')).toHaveLength(64);
  });

  it('serves vaults as described', async () => {
    const group = `/subscriptions/${dev.subscriptionId}/resourceGroups/${dev.resourceGroup}/providers/Microsoft.KeyVault/vaults`;
    const policy = { tenantId: dev.tenantId, objectId: dev.objectId, permissions: { keys: ['get'] } };
    const properties = { tenantId: dev.tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [policy] };
    await callArm('PUT', `${group}/old-vault`, { location: 'local', properties });
    await callArm('GET', `${group}/old-vault`);
    await callArm('PATCH', `${group}/old-vault`, { tags: { a: 'b' } });
    await callArm('PUT', `${group}/old-vault/accessPolicies/add`, { properties: { accessPolicies: [policy] } });
    await callArm('GET', group);
    await callArm('GET', `/subscriptions/${dev.subscriptionId}/providers/Microsoft.KeyVault/vaults`);
    await callArm('POST', `/subscriptions/${dev.subscriptionId}/providers/Microsoft.KeyVault/checkNameAvailability`, {
      name: 'old-vault',
      type: 'Microsoft.KeyVault/vaults',
    });
    await callArm('DELETE', `${group}/old-vault`);
    await callArm('GET', `/subscriptions/${dev.subscriptionId}/providers/Microsoft.KeyVault/deletedVaults`);
    const deleted = `/subscriptions/${dev.subscriptionId}/providers/Microsoft.KeyVault/locations/local/deletedVaults/old-vault`;
    await callArm('GET', deleted);
    await callArm('POST', `${deleted}/purge`);
    expect(operations.size).toBeGreaterThan(40);
  });
});
