import { jest } from '@jest/globals';
import type { Reply } from '@coffer/wire';
import { createTokenVerifier } from '@coffer/token-verifier';
import { CofferError } from '@coffer/kernel';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { principalProjection } from '@coffer/identity-feature';
import { testContext } from '../support/context.js';
import {
  audiences,
  identitySetup,
  loginUrl,
  tenantId,
  type Answer,
  type IdentityProcess,
  type IdentitySetup,
} from './identity-setup.js';
import { dump, rowsOf } from './objects-setup.js';

const DAY = 86_400_000;
const SECRET = 'the administrator secret';
const ADFS_TOKEN = '/adfs/oauth2/token';
const RESOURCE = 'https://vault.localhost:8443';

let setup: IdentitySetup;
let identity: IdentityProcess;
let admin: { readonly objectId: string; readonly appId: string };
beforeAll(async () => {
  setup = await identitySetup();
  identity = await setup.start();
  admin = await identity.administration.ensureAdministrator({ secret: SECRET });
});
afterAll(() => setup.close());
beforeEach(() => {
  setup.time.now = Date.now();
  setup.records.length = 0;
});
afterEach(() => {
  delete setup.faults.audit;
  delete setup.faults.database;
});

interface Principal {
  readonly id: string;
  readonly appId: string;
}
interface Password {
  readonly keyId: string;
  readonly secretText: string;
}
type Operation = keyof IdentityProcess['controller']['handlers'];

async function graph<T>(operation: Operation, principalId?: string, body?: unknown): Promise<T> {
  const context = testContext(operation, { now: setup.time.now, params: { principalId } });
  const reply: Reply = await identity.controller.handlers[operation](context, body);
  return reply.body as T;
}
const create = () => graph<Principal>('PrincipalCreate', undefined, { displayName: 'deploy' });
const addPassword = (id: string, passwordCredential: object = {}) =>
  graph<Password>('PrincipalAddPassword', id, { passwordCredential });

const form = (changes: Record<string, string> = {}): Record<string, string> => ({
  client_id: admin.appId,
  client_secret: SECRET,
  grant_type: 'client_credentials',
  scope: `${RESOURCE}/.default`,
  ...changes,
});
const signIn = (changes: Record<string, string> = {}, path = ADFS_TOKEN): Promise<Answer> =>
  identity.ask(path, { form: form(changes) });
const refused = (status: number, error: string, code: number): unknown =>
  expect.objectContaining({
    status,
    json: {
      error,
      error_description: expect.stringContaining(`AADSTS${code}: `) as string,
      error_codes: [code],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/) as string,
      trace_id: expect.any(String) as string,
      correlation_id: expect.any(String) as string,
    },
  });
const unknownClient = () => refused(400, 'unauthorized_client', 700016);
const wrongSecret = () => refused(401, 'invalid_client', 7000215);
const malformed = () => refused(400, 'invalid_request', 900144);
const badResource = () => refused(400, 'invalid_resource', 500011);

function expectUncrossed({ headers }: Answer): void {
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['content-type']).toMatch(/^application\/(jwk-set\+)?json/);
}

describe('a discovery document', () => {
  const adfs = {
    issuer: `${loginUrl}/adfs`,
    authorization_endpoint: `${loginUrl}/adfs/oauth2/authorize`,
    token_endpoint: `${loginUrl}/adfs/oauth2/token`,
    jwks_uri: `${loginUrl}/adfs/discovery/keys`,
    grant_types_supported: ['client_credentials'],
  };
  const tenant = {
    issuer: `${loginUrl}/${tenantId}/v2.0`,
    authorization_endpoint: `${loginUrl}/${tenantId}/oauth2/v2.0/authorize`,
    token_endpoint: `${loginUrl}/${tenantId}/oauth2/v2.0/token`,
    jwks_uri: `${loginUrl}/${tenantId}/discovery/v2.0/keys`,
    grant_types_supported: ['client_credentials'],
  };
  const document = '.well-known/openid-configuration';

  it.each([
    [`/adfs/${document}`, adfs],
    [`/ADFS/adfs/${document}`, adfs],
    [`//adfs//${document}/`, adfs],
    [`/${tenantId}/v2.0/${document}`, tenant],
    [`/${tenantId.toUpperCase()}/${document}?appid=x`, tenant],
  ])('at %s names the configured host and no other, whatever the headers say', async (path, expected) => {
    const answer = await identity.ask(path, {
      headers: {
        host: 'evil.example',
        origin: 'https://evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        'x-forwarded-for': '6.6.6.6',
        forwarded: 'host=evil.example',
      },
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject(expected);
    expect(answer.text + JSON.stringify(answer.headers)).not.toContain('evil');
    expectUncrossed(answer);
  });

  it('names no endpoint that is not there', async () => {
    const { json } = await identity.ask(`/adfs/${document}`);
    const endpoints = Object.keys(json).filter((key) => key.endsWith('_endpoint') || key.endsWith('_uri'));
    expect(endpoints.sort()).toEqual(['authorization_endpoint', 'jwks_uri', 'token_endpoint']);
  });

  it('of instance discovery and of WebFinger point at this host', async () => {
    const instance = await identity.ask('/common/discovery/instance?api-version=1.1&authorization_endpoint=x');
    expect(instance.json['tenant_discovery_endpoint']).toBe(`${loginUrl}/${tenantId}/v2.0/${document}`);
    const finger = await identity.ask('/.well-known/webfinger?resource=https://fs.example');
    expect(finger.json).toMatchObject({ subject: 'https://fs.example', links: [{ href: loginUrl }] });
  });
});

describe('the keys that are published', () => {
  it.each(['/adfs/discovery/keys', `/${tenantId}/discovery/v2.0/keys`])('at %s have no private half', async (path) => {
    const answer = await identity.ask(path);
    const { keys } = JSON.parse(answer.text) as { keys: readonly Record<string, unknown>[] };
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expectUncrossed(answer);
  });
});

describe('a token', () => {
  const paths: [string, string, Record<string, string>][] = [
    ['adfs', ADFS_TOKEN, {}],
    ['adfs', '/adfs/adfs/oauth2/token', {}],
    ['adfs', '//adfs/oauth2//token/?client-request-id=1', {}],
    ['adfs', '/ADFS/OAuth2/Token', { scope: '', resource: `${RESOURCE}/` }],
    ['adfs', ADFS_TOKEN, { scope: `openid ${RESOURCE}//.default profile` }],
    [`${tenantId}/v2.0`, `/${tenantId}/oauth2/v2.0/token`, {}],
    [`${tenantId}/v2.0`, `/${tenantId}/oauth2/token?api-version=1.0`, { scope: '', resource: RESOURCE }],
  ];

  it.each(paths)('of %s from %s with %j verifies and names the principal', async (issuer, path, changes) => {
    const answer = await signIn(changes, path);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store' },
      json: { token_type: 'Bearer', expires_in: 3600, ext_expires_in: 3600 },
    });
    expectUncrossed(answer);
    const token = String(answer.json['access_token']);
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({
      iss: `${loginUrl}/${issuer}`,
      aud: RESOURCE,
      tid: tenantId,
      oid: admin.objectId,
      sub: admin.objectId,
      appid: admin.appId,
      azp: admin.appId,
      ver: '1.0',
    });
    expect(claims.nbf).toBe(claims.iat);
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3600);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', kid: expect.any(String) as string });
    await expect(verify(token)).resolves.toMatchObject({ oid: admin.objectId, appid: admin.appId });
  });

  it('is given whatever else clients send along, and to client_secret_basic', async () => {
    const noise = {
      claims: '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
      client_info: '1',
      'x-client-SKU': 'msal.js.node',
      'x-ms-lib-capability': 'retry-after, h429',
      'client-request-id': 'a',
    };
    expect((await signIn(noise)).status).toBe(200);
    const authorization = `Basic ${Buffer.from(`${admin.appId}:${encodeURIComponent(SECRET)}`).toString('base64')}`;
    const { grant_type = '', scope = '' } = form();
    const answer = await identity.ask(ADFS_TOKEN, { form: { grant_type, scope }, headers: { authorization } });
    expect(answer.status).toBe(200);
  });

  it('is given also to a request that names an origin, which gets no leave to read it', async () => {
    const answer = await identity.ask(ADFS_TOKEN, { form: form(), headers: { origin: 'https://evil.example' } });
    expect(answer.status).toBe(200);
    expectUncrossed(answer);
  });
});

async function verify(token: string, process = identity) {
  const { issuers, tenantId: tid } = process.signIn;
  const verifier = createTokenVerifier({
    issuers: issuers.map((issuer) => ({
      issuer,
      tenantId: tid,
      jwks: (options: { readonly refresh: boolean }) => process.signIn.jwks(options),
    })),
    audiences,
    clock: { now: Date.now, monotonic: () => performance.now() }, // tokens are dated by the machine's clock
    clockSkewSeconds: 0,
  });
  return verifier.verify(token, 'vault');
}

describe('a token request is refused', () => {
  it.each([
    ['an unknown client', { client_id: '00000000-0000-4000-8000-00000000ffff' }, unknownClient],
    ['a client id with a NUL', { client_id: 'a\u0000b' }, unknownClient],
    ['a client id that is no UUID', { client_id: "' OR 1=1 --" }, unknownClient],
    ['a wrong secret', { client_secret: 'wrong' }, wrongSecret],
    ['a secret with a NUL', { client_secret: `${SECRET}\u0000` }, wrongSecret],
    ['a secret longer than any', { client_secret: 'x'.repeat(2000) }, wrongSecret],
    ['no client', { client_id: '' }, malformed],
    ['an unknown resource', { scope: 'https://other.example/.default' }, badResource],
    ['a resource that is no URL', { scope: '', resource: 'nonsense' }, badResource],
    ['no resource', { scope: 'openid' }, badResource],
    ['no grant', { grant_type: '' }, malformed],
  ] as const)('with %s', async (_, changes, expected) => {
    const answer = await signIn(changes);
    expect(answer).toEqual(expected());
    expect(answer.headers['cache-control']).toBe('no-store');
    expectUncrossed(answer);
  });

  it.each(['password', 'authorization_code', 'refresh_token', 'implicit', 'urn:x', '__proto__', 'constructor'])(
    'with the grant %s',
    async (grant_type) => {
      const given = { code: 'c', refresh_token: 'r', username: 'u', password: 'p', redirect_uri: 'https://x' };
      expect(await signIn({ grant_type, ...given })).toEqual(refused(400, 'unsupported_grant_type', 70003));
    },
  );

  it('with a parameter twice, another content type, or a huge form', async () => {
    const twice = `${new URLSearchParams(form()).toString()}&client_id=x`;
    expect(await identity.ask(ADFS_TOKEN, { form: twice })).toEqual(malformed());
    const headers = { 'content-type': 'application/json' };
    expect(await identity.ask(ADFS_TOKEN, { form: JSON.stringify(form()), headers })).toEqual(malformed());
    expect(await identity.ask(ADFS_TOKEN, { form: `a=${'x'.repeat(500_000)}` })).toEqual(malformed());
    expect((await signIn()).status).toBe(200);
  });

  it('with an assertion, which is not supported, or with nothing', async () => {
    const { client_id = '', grant_type = '', scope = '' } = form();
    const shown = { client_id, grant_type, scope };
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const assertion = { client_assertion_type: type, client_assertion: 'eyJhbGciOiJub25lIn0.e30.' };
    const byAssertion = await identity.ask(ADFS_TOKEN, { form: { ...shown, ...assertion } });
    expect(byAssertion).toEqual(refused(401, 'invalid_client', 700027));
    expect(await identity.ask(ADFS_TOKEN, { form: shown })).toEqual(refused(401, 'invalid_client', 7000218));
    expect(JSON.stringify(setup.records)).not.toContain(assertion.client_assertion);
  });

  it('with two resources at once', async () => {
    const two = `${new URLSearchParams(form()).toString()}&resource=${RESOURCE}&resource=https://management.localhost:8443`;
    expect(await identity.ask(ADFS_TOKEN, { form: two })).toEqual(badResource());
  });

  it('with the secret of another principal', async () => {
    const [one, two] = [await create(), await create()];
    const { secretText } = await addPassword(one.id);
    expect((await signIn({ client_id: one.appId, client_secret: secretText })).status).toBe(200);
    expect(await signIn({ client_id: two.appId, client_secret: secretText })).toEqual(wrongSecret());
  });

  it('from the moment on at which the password ends', async () => {
    const { id, appId } = await create();
    const endDateTime = new Date(setup.time.now + DAY).toISOString();
    const { secretText } = await addPassword(id, { endDateTime });
    const credentials = { client_id: appId, client_secret: secretText };
    expect((await signIn(credentials)).status).toBe(200);
    setup.time.now += DAY;
    expect(await signIn(credentials)).toEqual(refused(401, 'invalid_client', 7000222));
  });

  it('until the password begins', async () => {
    const { id, appId } = await create();
    const startDateTime = new Date(setup.time.now + DAY).toISOString();
    const { secretText } = await addPassword(id, { startDateTime });
    const credentials = { client_id: appId, client_secret: secretText };
    expect(await signIn(credentials)).toEqual(wrongSecret());
    setup.time.now += DAY;
    expect((await signIn(credentials)).status).toBe(200);
  });

  it('at once after the password is removed or the principal deleted, also by an instance that knew it', async () => {
    const { id, appId } = await create();
    const [one, two] = [await addPassword(id), await addPassword(id)];
    const by = ({ secretText }: Password) => signIn({ client_id: appId, client_secret: secretText });
    expect([(await by(one)).status, (await by(two)).status]).toEqual([200, 200]);
    await graph('PrincipalRemovePassword', id, { keyId: one.keyId });
    expect(await by(one)).toEqual(wrongSecret());
    expect((await by(two)).status).toBe(200);
    await graph('PrincipalDelete', id);
    expect(await by(two)).toEqual(unknownClient());
  });
});

describe('a service principal', () => {
  it('has a client id of its own, also when many ask for the same', async () => {
    const appId = '33333333-3333-4333-8333-333333333333';
    const ask = () => graph<Principal>('PrincipalCreate', undefined, { displayName: 'deploy', appId });
    const results = await Promise.allSettled(Array.from({ length: 5 }, ask));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(ask()).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining('appId') as string,
    });
  });
});

describe('a password is not made', () => {
  it.each([
    { endDateTime: '0000-01-01T00:00:00Z' },
    { startDateTime: '0001-01-01T00:00:00Z', endDateTime: '2099-01-01T00:00:00Z' },
    { startDateTime: '9999-12-31T23:59:59Z' },
    { startDateTime: '2030-01-02T00:00:00Z', endDateTime: '2030-01-01T00:00:00Z' },
    { startDateTime: 'tomorrow' },
  ])('for the times %j', async (times) => {
    const { id } = await create();
    await expect(addPassword(id, times)).rejects.toMatchObject({ code: 'BadParameter' });
  });
});

describe('an attempt to sign in', () => {
  it('is recorded with its status, and with no secret or token', async () => {
    const ok = await signIn();
    await signIn({ client_secret: 'a-wrong-secret' });
    await signIn({ client_id: 'nobody\u0000' });
    const facts = setup.records.map(({ resultType, decision, properties, identity: who }) => [
      resultType,
      decision,
      properties['httpStatusCode'],
      who.claim['appid'],
    ]);
    expect(facts).toEqual([
      ['Success', 'allow', 200, admin.appId],
      ['Failure', 'deny', 401, admin.appId],
      ['Failure', 'deny', 400, 'nobody?'],
    ]);
    const text = JSON.stringify(setup.records);
    for (const secret of [SECRET, 'a-wrong-secret', String(ok.json['access_token'])])
      expect(text).not.toContain(secret);
    expect(setup.records.every(({ operationName }) => operationName === 'Authentication')).toBe(true);
  });

  it.each([
    ['that says so', new CofferError('ServiceUnavailable', 'the log is away')],
    ['of any kind', new Error('disk full')],
  ])('that cannot be recorded by a fault %s gets no token and is to be tried again', async (_, fault) => {
    setup.faults.audit = fault;
    const unavailable = refused(503, 'temporarily_unavailable', 90033);
    const answers = [await signIn(), await signIn({ client_secret: 'wrong' })];
    const header = { 'x-identity-header': `${admin.appId}.${SECRET}` };
    answers.push(await identity.ask(`/msi/token?resource=${RESOURCE}`, { headers: header }));
    for (const answer of answers) {
      expect(answer).toEqual(unavailable);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.text).not.toMatch(/access_token|disk full|away/);
    }
  });

  it('by an unknown client is recorded with the id of its Authorization header', async () => {
    const authorization = `Basic ${Buffer.from('nobody:wrong').toString('base64')}`;
    const { grant_type = '', scope = '' } = form();
    const answer = await identity.ask(ADFS_TOKEN, { form: { grant_type, scope }, headers: { authorization } });
    expect(answer).toEqual(unknownClient());
    expect(setup.records.map(({ identity: who }) => who.claim['appid'])).toEqual(['nobody']);
  });

  const ids = (): string[] => [admin.appId, '00000000-0000-4000-8000-00000000ffff'];
  it.each([
    ['token', (id: string, n: number) => signIn({ client_id: id, client_secret: `wrong-${n}` })],
    [
      'managed-identity',
      (id: string, n: number) =>
        identity.ask(`/msi/token?resource=${RESOURCE}`, { headers: { 'x-identity-header': `${id}.wrong-${n}` } }),
    ],
  ])('among too many at the %s endpoint is turned away and recorded, others are not', async (_, attempt) => {
    for (const id of ids()) {
      setup.records.length = 0;
      const { id: otherId, appId } = await create();
      const { secretText } = await addPassword(otherId);
      const flood = Promise.all(Array.from({ length: 100 }, (__, n) => attempt(id, n)));
      expect((await signIn({ client_id: appId, client_secret: secretText })).status).toBe(200);
      const answers = await flood;
      const turnedAway = answers.filter(({ status }) => status === 429);
      expect(turnedAway.length).toBeGreaterThan(0);
      expect(turnedAway.every(({ headers }) => headers['retry-after'] === '1')).toBe(true);
      const statuses = setup.records.map(({ properties }) => properties['httpStatusCode']);
      expect(statuses).toHaveLength(101);
      expect(statuses.filter((status) => status === 429)).toHaveLength(turnedAway.length);
    }
  });

  it('is to be tried again while the database is away', async () => {
    setup.faults.database = new CofferError('ServiceUnavailable', 'connect ECONNREFUSED 10.0.0.1');
    const started = await setup.start();
    for (const process of [identity, started]) {
      const answer = await process.ask(ADFS_TOKEN, { form: form() });
      expect(answer).toEqual(refused(503, 'temporarily_unavailable', 90033));
      expect(answer.text).not.toContain('ECONNREFUSED');
    }
    delete setup.faults.database;
    expect((await started.ask(ADFS_TOKEN, { form: form() })).status).toBe(200);
  });
});

describe('the managed-identity endpoint', () => {
  const header = (value: string) => ({ headers: { 'x-identity-header': value } });
  const ask = (query: string, value = `${admin.appId}.${SECRET}`) =>
    identity.ask(`/msi/token?api-version=2019-08-01${query}`, header(value));
  const resource = `&resource=${encodeURIComponent(RESOURCE)}`;

  it('answers with a token that verifies, its end in Unix seconds', async () => {
    for (const own of ['', `&client_id=${admin.appId.toUpperCase()}`, `&object_id=${admin.objectId}`]) {
      const answer = await ask(resource + own);
      expect(answer).toMatchObject({ status: 200, json: { resource: RESOURCE, token_type: 'Bearer' } });
      const { access_token: token, expires_on: expiresOn } = answer.json;
      expect(expiresOn).toBe(String(decodeJwt(String(token)).exp));
      expect(decodeJwt(String(token))).toMatchObject({ sub: admin.objectId, appid: admin.appId, tid: tenantId });
      await expect(verify(String(token))).resolves.toMatchObject({ oid: admin.objectId });
    }
    expect(setup.records.map(({ properties }) => properties['httpStatusCode'])).toEqual([200, 200, 200]);
    expect(JSON.stringify(setup.records)).not.toContain(SECRET);
  });

  it.each([
    ['a wrong secret', resource, (): string => `${admin.appId}.wrong`, 'unauthorized_client'],
    ['a header of another form', resource, (): string => 'nonsense', 'unauthorized_client'],
    ['an unknown client', resource, (): string => `x.${SECRET}`, 'unauthorized_client'],
    ['another client_id', `${resource}&client_id=x`, undefined, 'unauthorized_client'],
    ['another object_id', `${resource}&object_id=x`, undefined, 'unauthorized_client'],
    ['an identity named by mi_res_id', `${resource}&mi_res_id=/subscriptions/x`, undefined, 'unauthorized_client'],
    ['no resource', '', undefined, 'invalid_request'],
    ['an unknown resource', '&resource=https://other.example', undefined, 'invalid_resource'],
  ] as const)('refuses %s with 400, which clients do not try again', async (_, query, value, error) => {
    const answer = await ask(query, value?.());
    expect([answer.status, answer.json['error']]).toEqual([400, error]);
    expect(setup.records).toMatchObject([{ decision: 'deny', properties: { httpStatusCode: 400 } }]);
  });

  it('refuses a request without the header, and other methods', async () => {
    expect((await identity.ask(`/msi/token?${resource}`)).status).toBe(400);
    expect((await identity.ask(`/msi/token?${resource}`, { form: 'a=b' })).status).toBe(405);
  });
});

describe('paths that are none', () => {
  it.each([
    '/',
    '//',
    '//:::',
    '/\\\\evil.example/adfs',
    '*',
    '/adfs',
    '/adfs/..%2f..',
    '/%ff%fe',
    '/adfs/%00',
    '/adfs/%E0%A4%A',
    '/common/oauth2/token',
    '/22222222-2222-4222-8222-222222222222/oauth2/token',
    `/adfs/${'a/'.repeat(2000)}`,
    '/adfs/me',
    '/adfs/reg',
    '/adfs/request',
    '/adfs/session/end',
    '/adfs/token/introspection',
    '/adfs/token/revocation',
    '/adfs/interaction/abc',
    '/adfs/oauth2/authorize/abc',
    '/adfs/device',
    '/adfs/backchannel',
    '/adfs/auth',
  ])('such as %s are answered with 404 in JSON', async (path) => {
    for (const options of [{}, { form: 'a=b' }]) {
      const answer = await identity.ask(path, options);
      expect([answer.status, answer.json['error_codes']]).toEqual([404, [90002]]);
      expectUncrossed(answer);
    }
  });

  it('nor are other methods', async () => {
    for (const method of ['OPTIONS', 'GET', 'PUT', 'DELETE', 'TRACE']) {
      const answer = await identity.ask(ADFS_TOKEN, { method });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
      expectUncrossed(answer);
    }
    expect((await identity.ask('/adfs/discovery/keys', { form: 'a=b' })).status).toBe(405);
    const head = await identity.ask('/adfs/.well-known/openid-configuration', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('and nobody is asked to sign in with a browser', async () => {
    const query = `client_id=${admin.appId}&response_type=none&redirect_uri=https://evil.example&scope=openid`;
    const answer = await identity.ask(`/adfs/oauth2/authorize?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.location).toBeUndefined();
    expectUncrossed(answer);
  });
});

describe('the issuer', () => {
  it('writes nothing to the console', async () => {
    const names = ['log', 'info', 'warn', 'error'] as const;
    const spies = names.map((name) => jest.spyOn(console, name).mockImplementation(() => undefined));
    const written = [process.stdout, process.stderr].map((stream) => jest.spyOn(stream, 'write').mockReturnValue(true));
    const started = await setup.start();
    for (const path of [ADFS_TOKEN, `/${tenantId}/oauth2/v2.0/token`]) {
      await started.ask(path, { form: form(), headers: { origin: 'https://evil.example' } });
      await started.ask(path, { form: form({ client_secret: 'wrong' }) });
      await started.ask(path, { form: `a=${'x'.repeat(100_000)}` });
    }
    setup.faults.database = new Error('away');
    await started.ask(ADFS_TOKEN, { form: form() });
    const calls = [...spies, ...written].map((spy) => spy.mock.calls.length);
    for (const spy of [...spies, ...written]) spy.mockRestore();
    expect(calls).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('what is stored', () => {
  it('holds no secret, hash or private key in the clear', async () => {
    const { id } = await create();
    const { secretText } = await addPassword(id, { displayName: 'pipeline-password' });
    const everything = await dump(setup.ports.database);
    expect(everything).toContain(id);
    for (const secret of [secretText, SECRET, 'scrypt$', 'pipeline-password', '"d"', 'PRIVATE']) {
      expect(everything).not.toContain(secret);
    }
  });

  it('is projected again to the same rows', async () => {
    const tables = ['principals', 'principal_passwords', 'first_administrator'];
    const rows = () => Promise.all(tables.map((table) => rowsOf(setup.ports.database, table)));
    const before = await rows();
    expect(before[0]?.length).toBeGreaterThan(1);
    await rebuildProjection(setup.ports.database, principalProjection);
    expect(await rows()).toEqual(before);
  });
});
