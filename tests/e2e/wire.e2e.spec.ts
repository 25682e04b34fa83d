import { createHash, randomBytes } from 'node:crypto';
import { dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { ask, askRaw, tokenFor, vaultResource, type Ask, type WireError } from '../support/https.js';

let coffer: RunningCoffer;
let token: string;
let armToken: string;

beforeAll(async () => {
  coffer = await startCoffer();
  token = await tokenFor(coffer, vaultResource(coffer));
  armToken = await tokenFor(coffer, coffer.managementUrl);
});
afterAll(() => coffer.dispose());

const V = 'api-version=7.4';
const onVault = (path: string, request: Ask = {}) => ask(coffer, `${coffer.vaultUrl()}${path}`, { token, ...request });
const onArm = (path: string, request: Ask = {}) =>
  ask(coffer, `${coffer.managementUrl}${path}`, { token: armToken, ...request });
describe('the challenge', () => {
  it('answers a request without a token before it looks at the body', async () => {
    const answer = await ask(coffer, `${coffer.vaultUrl()}/secrets/a?${V}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{not json',
    });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer authorization="${coffer.loginUrl}/adfs", resource="${vaultResource(coffer)}"`,
    );
    expect(answer.json<WireError>().error).toEqual({
      code: 'Unauthorized',
      message: 'AKV10000: Request is missing a Bearer or PoP token.',
    });
  });

  it('tells a stranger nothing about paths or vaults', async () => {
    const paths = ['/secrets', '/nothing/here', '/keys/x/y/z/w'];
    const answers = await Promise.all(paths.map((path) => ask(coffer, `${coffer.vaultUrl()}${path}?${V}`)));
    const elsewhere = await ask(coffer, `${coffer.vaultUrl('no-such-vault')}/secrets?${V}`);
    expect([...answers, elsewhere].map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  });

  it.each([
    ['garbage', 'garbage'],
    ['alg none', `${b64({ alg: 'none' })}.${b64({ iss: 'x', aud: 'y', exp: 4_000_000_000 })}.`],
    ['HMAC', `${b64({ alg: 'HS256' })}.${b64({ iss: 'x', aud: 'y', exp: 4_000_000_000 })}.${'A'.repeat(43)}`],
  ])('refuses a token that is %s, with the challenge', async (_what, bad) => {
    const answer = await onVault(`/secrets?${V}`, { token: bad });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('authorization=');
    expect(answer.json<WireError>().error.code).toBe('Unauthorized');
  });

  it('refuses a token for another audience, naming what it expected', async () => {
    const answer = await onVault(`/secrets?${V}`, { token: armToken });
    expect(answer.status).toBe(401);
    expect(answer.json<WireError>().error.message).toContain('AKV10022: Invalid audience');
    expect((await onArm('/subscriptions?api-version=2022-12-01', { token })).status).toBe(401);
  });
});

function b64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('api-version', () => {
  it.each(['', '?api-version=', '?api-version=8.0', '?api-version=latest', "?api-version=7.4'"])(
    'that is %p is refused on a vault',
    async (query) => {
      const answer = await onVault(`/secrets${query}`);
      expect(answer.status).toBe(400);
      expect(answer.json<WireError>().error.code).toBe('BadParameter');
    },
  );

  it('that is newer than this release is accepted', async () => {
    expect((await onVault('/secrets?api-version=2029-01-01')).status).toBe(200);
    expect((await onVault('/secrets?api%2Dversion=7.6')).status).toBe(200);
  });

  it('is asked for by ARM in its own words', async () => {
    const missing = await onArm('/subscriptions');
    expect([missing.status, missing.json<WireError>().error.code]).toEqual([400, 'MissingApiVersionParameter']);
    const bad = await onArm('/subscriptions?api-version=x');
    expect([bad.status, bad.json<WireError>().error.code]).toEqual([400, 'InvalidApiVersionParameter']);
  });
});

describe('403 and 404', () => {
  it('answers a vault that does not exist like one that shuts the caller out', async () => {
    const name = 'shut-vault';
    const created = await onArm(armVault(name), { method: 'PUT', body: vaultBody([]) });
    expect(created.status).toBe(200);
    const shut = await ask(coffer, `${coffer.vaultUrl(name)}/secrets?${V}`, { token });
    const absent = await ask(coffer, `${coffer.vaultUrl('absent-vault')}/secrets?${V}`, { token });
    expect(shut.status).toBe(403);
    expect(shut.json<WireError>().error.innererror?.code).toBe('AccessDenied');
    expect(shut.json<WireError>().error.message).toMatch(
      /^The user, group or application 'appid=.*' does not have secrets list permission on key vault 'shut-vault;location=local'\./,
    );
    expect(absent.text.replace('absent-vault', name)).toBe(shut.text);
    expect(absent.status).toBe(403);
  });

  it('decides on access before it looks for the object', async () => {
    await onArm(armVault('list-only'), { method: 'PUT', body: vaultBody(['list']) });
    const answer = await ask(coffer, `${coffer.vaultUrl('list-only')}/secrets/none?${V}`, { token });
    expect(answer.status).toBe(403);
  });

  it('answers an unknown secret and key as Azure words it', async () => {
    const secret = await onVault(`/secrets/none?${V}`);
    expect(secret.status).toBe(404);
    expect(secret.json<WireError>().error.code).toBe('SecretNotFound');
    expect(secret.json<WireError>().error.message).toMatch(
      /^A secret with \(name\/id\) none was not found in this key vault\./,
    );
    const key = await onVault(`/keys/none?${V}`);
    expect([key.status, key.json<WireError>().error.code]).toEqual([404, 'KeyNotFound']);
    const deleted = await onVault(`/deletedsecrets/none?${V}`);
    expect(deleted.json<WireError>().error.message).toBe('Deleted Secret not found: none');
  });

  it('does not find a version of another object', async () => {
    const one = (await onVault(`/secrets/one?${V}`, { method: 'PUT', body: { value: '1' } })).json<{ id: string }>().id;
    await onVault(`/secrets/two?${V}`, { method: 'PUT', body: { value: '2' } });
    const version = one.split('/').at(-1) ?? '';
    expect((await onVault(`/secrets/two/${version}?${V}`)).status).toBe(404);
    const key = (await onVault(`/keys/k-one/create?${V}`, { method: 'POST', body: { kty: 'EC' } })).json<{
      key: { kid: string };
    }>();
    await onVault(`/keys/k-two/create?${V}`, { method: 'POST', body: { kty: 'EC' } });
    const kid = key.key.kid.split('/').at(-1) ?? '';
    const digest = createHash('sha256').update('x').digest('base64url');
    const signed = await onVault(`/keys/k-two/${kid}/sign?${V}`, {
      method: 'POST',
      body: { alg: 'ES256', value: digest },
    });
    expect([signed.status, signed.json<WireError>().error.code]).toEqual([404, 'KeyNotFound']);
  });

  it('knows no other paths and methods, and says so in the form of the wire', async () => {
    const path = await onVault(`/nothing/here?${V}`);
    expect([path.status, path.json<WireError>().error.code]).toEqual([404, 'NotFound']);
    const method = await onVault(`/secrets/a?${V}`, { method: 'POST', body: {} });
    expect([method.status, method.json<WireError>().error.code]).toEqual([405, 'MethodNotAllowed']);
    const arm = await onArm('/subscriptions/x/nothing?api-version=2022-12-01');
    expect([arm.status, arm.json<WireError>().error.code]).toEqual([404, 'NotFound']);
  });
});

const armVault = (name: string): string =>
  `/subscriptions/${dev.subscriptionId}/resourceGroups/${dev.resourceGroup}/providers/Microsoft.KeyVault/vaults/${name}?api-version=2023-07-01`;

function vaultBody(secrets: readonly string[]) {
  const policies = [{ tenantId: dev.tenantId, objectId: dev.objectId, permissions: { secrets } }];
  return {
    location: 'local',
    properties: {
      tenantId: dev.tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: secrets.length === 0 ? [] : policies,
    },
  };
}

describe('400', () => {
  it.each([
    ['malformed JSON', '{"value":'],
    ['no body', undefined],
    ['an array', []],
    ['a value of the wrong type', { value: 5 }],
    ['no value', {}],
    ['a value over 25 KB', { value: 'x'.repeat(25_601) }],
    ['too many tags', { value: 'x', tags: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`t${i}`, ''])) }],
    ['attributes of the wrong type', { value: 'x', attributes: { exp: 'tomorrow' } }],
    ['a content type that is too long', { value: 'x', contentType: 'c'.repeat(256) }],
  ])('answers a secret with %s', async (_what, body) => {
    const answer = await onVault(`/secrets/bad?${V}`, { method: 'PUT', body });
    expect([answer.status, answer.json<WireError>().error.code]).toEqual([400, 'BadParameter']);
    expect((await onVault(`/secrets/bad?${V}`)).status).toBe(404);
  });

  it('takes a value of exactly 25 KB', async () => {
    const value = 'é'.repeat(12_800);
    expect((await onVault(`/secrets/full?${V}`, { method: 'PUT', body: { value } })).status).toBe(200);
    expect((await onVault(`/secrets/full?${V}`)).json<{ value: string }>().value).toBe(value);
  });

  it.each(['a_b', 'a.b', '%20', 'x'.repeat(128), '%00', 'a%2Fb'])('answers the illegal name %s', async (name) => {
    const answer = await onVault(`/secrets/${name}?${V}`, { method: 'PUT', body: { value: 'x' } });
    expect([answer.status, answer.json<WireError>().error.code]).toEqual([400, 'BadParameter']);
  });

  it('answers a body that is too large with 413, and one that is no JSON by its type with 415', async () => {
    const large = await onVault(`/secrets/large?${V}`, { method: 'PUT', body: { value: 'x'.repeat(300 * 1024) } });
    expect(large.status).toBe(413);
    const form = await onVault(`/secrets/form?${V}`, {
      method: 'PUT',
      body: 'value=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.status).toBe(415);
    expect(form.json<WireError>().error.code).toBe('UnsupportedMediaType');
  });

  it.each([
    ['an unknown algorithm', { alg: 'ES999', value: 'AAAA' }],
    ['an algorithm of another curve', { alg: 'ES384', value: randomBytes(48).toString('base64url') }],
    ['an algorithm of another key type', { alg: 'RS256', value: randomBytes(32).toString('base64url') }],
    ['a digest of the wrong length', { alg: 'ES256', value: randomBytes(31).toString('base64url') }],
    ['a digest that is not base64url', { alg: 'ES256', value: '***' }],
  ])('answers a signature with %s', async (_what, body) => {
    await onVault(`/keys/ec-for-400/create?${V}`, { method: 'POST', body: { kty: 'EC', crv: 'P-256' } });
    const answer = await onVault(`/keys/ec-for-400/sign?${V}`, { method: 'POST', body });
    expect([answer.status, answer.json<WireError>().error.code]).toEqual([400, 'BadParameter']);
  });

  it('answers a skiptoken that was edited or belongs to another list', async () => {
    for (const name of ['p1', 'p2']) await onVault(`/secrets/${name}?${V}`, { method: 'PUT', body: { value: 'x' } });
    const page = (await onVault(`/secrets?${V}&maxresults=1`)).json<{ nextLink: string }>();
    const next = new URL(page.nextLink);
    expect((await ask(coffer, next.href, { token })).status).toBe(200);
    const edited = next.href.replace(
      /skiptoken=./,
      (found) => `${found.slice(0, -1)}${found.endsWith('A') ? 'B' : 'A'}`,
    );
    expect((await ask(coffer, edited, { token })).status).toBe(400);
    const elsewhere = next.href.replace('/secrets?', '/deletedsecrets?');
    expect((await ask(coffer, elsewhere, { token })).status).toBe(400);
    expect((await onVault(`/secrets?${V}&maxresults=26`)).status).toBe(400);
  });
});

describe('409', () => {
  it('answers a name that is soft-deleted', async () => {
    await onVault(`/secrets/gone?${V}`, { method: 'PUT', body: { value: 'x' } });
    expect((await onVault(`/secrets/gone?${V}`, { method: 'DELETE' })).status).toBe(200);
    const again = await onVault(`/secrets/gone?${V}`, { method: 'PUT', body: { value: 'y' } });
    expect(again.status).toBe(409);
    expect(again.json<WireError>().error).toMatchObject({
      code: 'Conflict',
      innererror: { code: 'ObjectIsDeletedButRecoverable' },
    });
  });

  it('answers a vault name that is taken elsewhere', async () => {
    const other = armVault(dev.vaultName).replace(`/resourceGroups/${dev.resourceGroup}/`, '/resourceGroups/other/');
    await onArm(`/subscriptions/${dev.subscriptionId}/resourcegroups/other?api-version=2022-09-01`, {
      method: 'PUT',
      body: { location: 'local' },
    });
    const answer = await onArm(other, { method: 'PUT', body: vaultBody([]) });
    expect([answer.status, answer.json<WireError>().error.code]).toEqual([409, 'VaultAlreadyExists']);
  });
});

describe('usability', () => {
  const digest = createHash('sha256').update('x').digest('base64url');
  const now = Math.floor(Date.now() / 1000);

  it.each([
    ['KeyDisabled', { enabled: false }],
    ['KeyNotYetValid', { nbf: now + 3600 }],
    ['KeyExpired', { exp: now - 3600 }],
  ])('answers %s', async (code, attributes) => {
    const name = code.toLowerCase();
    await onVault(`/keys/${name}/create?${V}`, { method: 'POST', body: { kty: 'EC', attributes } });
    const answer = await onVault(`/keys/${name}/sign?${V}`, { method: 'POST', body: { alg: 'ES256', value: digest } });
    expect(answer.status).toBe(403);
    expect(answer.json<WireError>().error).toMatchObject({ code: 'Forbidden', innererror: { code } });
  });

  it('refuses the very next signature after a key was disabled', async () => {
    await onVault(`/keys/switch/create?${V}`, { method: 'POST', body: { kty: 'EC' } });
    const sign = () => onVault(`/keys/switch//sign?${V}`, { method: 'POST', body: { alg: 'ES256', value: digest } });
    for (let round = 0; round < 5; round += 1) {
      expect((await sign()).status).toBe(200);
      await onVault(`/keys/switch/?${V}`, { method: 'PATCH', body: { attributes: { enabled: false } } });
      expect((await sign()).status).toBe(403);
      await onVault(`/keys/switch/?${V}`, { method: 'PATCH', body: { attributes: { enabled: true } } });
    }
  });
});

describe('transport', () => {
  it('collapses slashes, ignores a trailing one and the case of ARM paths', async () => {
    await onVault(`//secrets//slash?${V}`, { method: 'PUT', body: { value: 'x' } });
    expect((await onVault(`/secrets/slash/?${V}`)).status).toBe(200);
    const path = `/SUBSCRIPTIONS/${dev.subscriptionId}/ResourceGroups/${dev.resourceGroup.toUpperCase()}?api-version=2022-09-01`;
    expect((await onArm(path)).status).toBe(200);
  });

  it('carries the headers of Key Vault and echoes the request id of the client', async () => {
    const { headers } = await onVault(`/secrets?${V}`, { headers: { 'x-ms-client-request-id': 'abc-1' } });
    expect(headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-type': 'application/json; charset=utf-8',
      'x-ms-keyvault-region': 'local',
      'x-ms-client-request-id': 'abc-1',
      'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;',
      'strict-transport-security': 'max-age=31536000;includeSubDomains',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['x-ms-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('builds identifiers from its configuration, never from a foreign Host header', async () => {
    const answer = await onVault(`/secrets?${V}`, {
      headers: { host: 'demo.vault.evil.example' },
      servername: 'demo.vault.localhost',
    });
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain('evil');
  });

  it('is alive and ready on any host', async () => {
    expect((await ask(coffer, `https://localhost:${coffer.port}/healthz`)).text).toBe('ok');
    expect((await ask(coffer, `https://localhost:${coffer.port}/healthz?x=1`)).text).toBe('ok');
    expect((await ask(coffer, `${coffer.vaultUrl()}/readyz?x=1`)).text).toBe('ready');
    expect((await ask(coffer, `https://localhost:${coffer.port}/healthz`, { method: 'HEAD' })).status).toBe(200);
    expect((await ask(coffer, `https://localhost:${coffer.port}/readyz`)).status).toBe(200);
  });
});

describe('a request that is none', () => {
  const vault = 'demo.vault.localhost';
  const management = 'management.localhost';
  const malformed = { [vault]: 'BadParameter', [management]: 'BadRequest' };

  it.each([
    ['/secrets/%zz', vault],
    ['/secrets/a%', vault],
    ['/keys/%zz', vault],
    ['/subscriptions/%zz', management],
  ] as const)('has a path that nobody can decode: %s', async (path, host) => {
    const answer = await askRaw(coffer, host, [
      `GET ${path}?${V} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: Bearer ${token}`,
    ]);
    expect(wireForm(answer)).toEqual([400, malformed[host]]);
  });

  it.each([
    ['two Host headers', ['GET /secrets HTTP/1.1', `Host: ${vault}`, `Host: ${vault}`]],
    ['two Host headers of other names', ['GET /healthz HTTP/1.1', `Host: ${vault}`, 'Host: other.vault.localhost']],
    ['no Host header', ['GET /secrets HTTP/1.1']],
    ['no HTTP', ['GARBAGE']],
    ['headers without an end', ['GET /secrets HTTP/1.1', `Host: ${vault}`, `X-Long: ${'x'.repeat(40_000)}`]],
    ['a length that is no number', ['PUT /secrets/a HTTP/1.1', `Host: ${vault}`, 'Content-Length: x']],
  ])('has %s', async (_what, lines) => {
    const answer = await askRaw(coffer, vault, lines);
    expect([answer.status, answer.headers['content-type']]).toEqual([400, expect.stringMatching(/^application\/json/)]);
    expect(Object.keys((JSON.parse(answer.text) as WireError).error)).toEqual(['code', 'message']);
    expect(answer.headers['connection']).toBe('close');
  });

  const wireForm = ({ status, text }: { status: number; text: string }) => [
    status,
    (JSON.parse(text) as WireError).error.code,
  ];
});

describe('405', () => {
  const methodsOf = ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }) =>
    String(headers['allow']).split(', ').sort();

  it.each([
    ['/secrets/a', ['DELETE', 'GET', 'PATCH', 'PUT']],
    ['/keys/a', ['DELETE', 'GET', 'PATCH', 'PUT']],
    ['/keys/a/create', ['POST']],
    ['/secrets', ['GET']],
  ])('names what %s allows', async (path, methods) => {
    const options = await onVault(`${path}?${V}`, { method: 'OPTIONS' });
    expect([options.status, options.json<WireError>().error.code]).toEqual([405, 'MethodNotAllowed']);
    expect(methodsOf(options)).toEqual(methods);
    const head = await onVault(`${path}?${V}`, { method: 'HEAD' });
    expect([head.status, head.text, methodsOf(head)]).toEqual([405, '', methods]);
    expect(head.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it("is not what a path gets that is nobody's, nor a stranger", async () => {
    for (const method of ['HEAD', 'OPTIONS']) {
      expect((await onVault(`/nothing/here?${V}`, { method })).status).toBe(404);
      expect((await onVault('/', { method })).status).toBe(404);
      expect((await ask(coffer, `${coffer.vaultUrl()}/secrets/a`, { method })).status).toBe(401);
    }
    expect((await onVault('/')).json<WireError>().error.code).toBe('NotFound');
    expect((await ask(coffer, `${coffer.vaultUrl()}/`)).status).toBe(401);
  });

  it('leaves the HEAD that ARM has', async () => {
    const group = `/subscriptions/${dev.subscriptionId}/resourceGroups/${dev.resourceGroup}?api-version=2022-09-01`;
    expect((await onArm(group, { method: 'HEAD' })).status).toBe(204);
    const answer = await onArm(group, { method: 'POST', body: {} });
    expect([answer.status, methodsOf(answer)]).toEqual([405, ['GET', 'HEAD', 'PUT']]);
  });

  it.each(['TRACE', 'PROPFIND'])('is the answer to %s, which nothing here has', async (method) => {
    const lines = [`${method} /secrets?${V} HTTP/1.1`, 'Host: demo.vault.localhost'];
    const answer = await askRaw(coffer, 'demo.vault.localhost', lines);
    expect([answer.status, (JSON.parse(answer.text) as WireError).error.code]).toEqual([405, 'MethodNotAllowed']);
    expect(answer.headers['allow']).toBe('GET, PUT, POST, PATCH, DELETE');
  });
});
