import { armVault, dev, startCoffer, topology, type RunningCoffer } from '../support/coffer.js';
import { ask, tokenFor, vaultResource, type Ask, type WireError } from '../support/https.js';

let coffer: RunningCoffer;
let token: string;
beforeAll(async () => {
  coffer = await startCoffer();
  token = await tokenFor(coffer, vaultResource(coffer));
});
afterAll(() => coffer.dispose());

const call = (method: string, path: string, body?: unknown, more: Ask & { readonly version?: string } = {}) => {
  const { version = '7.6', ...request } = more;
  const url = `${coffer.vaultUrl()}${path}?api-version=${version}`;
  return ask(coffer, url, { method, token, ...(body === undefined ? {} : { body }), ...request });
};
/** A vault in which the caller may do this with keys, and nothing else. */
async function vaultWith(name: string, keys: readonly string[]): Promise<void> {
  const url = `${armVault(coffer, name)}?api-version=2023-07-01`;
  const properties = {
    tenantId: dev.tenantId,
    sku: { family: 'A', name: 'standard' },
    accessPolicies: [{ tenantId: dev.tenantId, objectId: dev.objectId, permissions: { keys } }],
  };
  const body = { location: 'local', properties };
  const made = await ask(coffer, url, { method: 'PUT', token: await tokenFor(coffer, coffer.managementUrl), body });
  if (made.status !== 200) throw new Error(`the vault was not made: ${made.text}`);
}
const refusal = (answer: Awaited<ReturnType<typeof ask>>) => [answer.status, answer.json<WireError>().error.code];
/** Its members belong together, but its modulus is three times a prime. */
const weakRsa = {
  kty: 'RSA',
  n: 'qQQofDpvX635nnfAiETBmPKsrLFtxhY853MUsBPYKwqZVxD7ukB1-FA1JUT5F3wr5_Su3FSBs6eAO0bzUxoZldJZdfMJ9wwyMtH_DK_3zkZfMDhbyTeeWcFrzt3z7u9WqFaZ2w5ZV4NJUpj2tBas38T7V1kDnoa-Y0P2ZCSNSkhGzC7eXVR7xHk5diy1ZIqJRUvYK_vdIlsJdW2hKSMsD_52wWGZivkCVN8QbqVSOQ8zAl8vyOt20DYNL1KltbUsCgpj2SAzAkzaKHSYPcbgEkfMOO57Q2JsrS1uQbti0vYKJrHLpGfVF-OeAumClY7zbL9AVBixp1EKN8nnY8q6gw',
  e: 'AQAB',
  d: 'PmEmgBMhH_MZ-f7AtIqL2WNXj7U8iquSdunmbMYmNlyHE7dU8PzxjWAs_UBjnuNZYRbRosgdxqy_iyE4lSdA4ibslbfJqcB6ln8i3w_jKeKXJzjlx3Ibo4zbuVH5wenb1e2Ag3TcTIxL94w1IWptC3msOiTETTH1-rUOrw8-hnf-iUWTFGcl9vG234LIv_7Rgx3m_vTKPO_Uod6AaKpujMiiE-Vtwfj9f02ExxGFM0IE1Y9EF6ewBlCstRaPymy_gEUtbOmRafvrWJsPxV0tPhH5sdly7P_alF_8HY6Hfs0IGhfszRT1dQexPenpJEHKXgyINYGXr-UdHFIMcKxWAQ',
  p: 'Aw',
  q: 'OFa4KWjPyo9TNNKVgsGV3aY5juXPQgdponuxkAadY64zHQWpPhV8qBq8YcGoXSlj9_w6SXGAkTfVaRemcQizMfDIfKZYp667ZkX_ruVSmhd1EBLJQxKKHesj759RT6Uc4seInlodx9ZtxjL85rI5n-xTx8hWiizqIRandrbZw21s7rpKHxwpQX290g7nIYODFxlIDqlJth5YfHngYwu5WqonlcszLlMAxvUFejcbaFpmVh-6mE588BIEZRuMkecOrgN2nbVmVhmeDXwyv0JKsMKZaE9-a8t5jw8kwJPLm6dYt5CZNs1HB_aKAPiA3IT7zupqxrLl4nBYvUNNIUOTgQ',
  dp: 'AQ',
  dq: 'BgpuVqpRVWPGxSwrMcj1-70eAM9tSKQo1G403L-I0q5T9rGrsud05UVwm367Qbn1aRqXWVadNXTqIgmSJB6NsDYkGRFxAhG_MDkjMCqQj8siFyYchF-RhaG3ybKockS-8yX35Rq-hLXeMVk4Orgza41YclxtwwUL2Z5nOFhkwwqRmotI9Ur8tXP5DXPhnntObASe8EuAhtF8JWSgBZ61Mh56fho6k6X8uFh_TNppyueef2-Jf1kzFj6oT_sDOIWw0kG2zzQrE-JNSx7dBhrijU9gSYn0gTRhBVDXXPq74yWvYodTlkeubREnPPFoR7zOjyIdbs6xzXTEXw6_T2jCgQ',
  qi: 'Ag',
};
const EC = { kty: 'EC', crv: 'P-256' };

describe.each(['keys', 'secrets'])('an object of %s that is called as an operation is', (kind) => {
  it('has its whole life', async () => {
    const made =
      kind === 'keys'
        ? await call('POST', '/keys/restore/create', EC)
        : await call('PUT', '/secrets/restore', { value: 'x' });
    expect(made.status).toBe(200);
    expect((await call('GET', `/${kind}/restore`)).status).toBe(200);
    const deleted = await call('DELETE', `/${kind}/restore`);
    expect(deleted.status).toBe(200);
    expect(deleted.json()).toHaveProperty('recoveryId');
  });

  it('leaves the operation its path', async () => {
    expect(refusal(await call('POST', '/keys/restore', { value: 'AAAA' }))).toEqual([400, 'BadParameter']);
    const options = await call('OPTIONS', '/keys/restore');
    expect(refusal(options)).toEqual([405, 'MethodNotAllowed']);
    expect(String(options.headers['allow']).split(', ').sort()).toEqual(['DELETE', 'GET', 'PATCH', 'POST', 'PUT']);
  });
});

it('names of query parameters are read in any case, and a name that comes in two is repeated', async () => {
  const asked = (query: string) => ask(coffer, `${coffer.vaultUrl()}/keys?${query}`, { token });
  for (const name of ['one', 'two']) await call('POST', `/keys/cased-${name}/create`, EC);
  const page = await asked('Api-Version=7.6&MaxResults=1');
  expect(page.status).toBe(200);
  expect(page.json<{ value: unknown[] }>().value).toHaveLength(1);
  expect(refusal(await asked('api-version=7.6&API-VERSION=7.5'))).toEqual([400, 'BadParameter']);
});

describe('operations that came later', () => {
  it.each([
    ['POST', '/keys/later/rotate', undefined, '7.2'],
    ['POST', '/keys/later/rotate', undefined, '2016-10-01'],
    ['GET', '/keys/later/rotationpolicy', undefined, '7.2'],
    ['PUT', '/keys/later/rotationpolicy', {}, '7.2'],
    ['POST', '/keys/later/release', { target: 'a.b.c' }, '7.2'],
    ['POST', '/rng', { count: 4 }, '7.2'],
    ['GET', '/keys/later/attestation', undefined, '7.5'],
  ])('%s %s (%j) is not there in %s', async (method, path, body, version) => {
    expect(refusal(await call(method, path, body, { version }))).toEqual([404, 'NotFound']);
  });

  it('are there in their version and in the dated ones', async () => {
    await call('POST', '/keys/later/create', EC);
    for (const version of ['7.3', '2025-07-01']) {
      expect((await call('POST', '/keys/later/rotate', undefined, { version })).status).toBe(200);
      expect((await call('GET', '/keys/later/rotationpolicy', undefined, { version })).status).toBe(200);
    }
  });
});

describe('a POST with the header X-HTTP-METHOD', () => {
  const posted = (wanted: string, path: string, body?: unknown) =>
    call('POST', path, body, {
      headers: { 'X-HTTP-METHOD': wanted, ...(body === undefined ? { 'content-length': '0' } : {}) },
    });

  it('stands for the method that it names', async () => {
    await call('POST', '/keys/verb/create', EC);
    expect((await posted('GET', '/keys/verb')).json()).toHaveProperty('key');
    expect((await posted('PATCH', '/keys/verb', { tags: { a: '1' } })).json()).toMatchObject({ tags: { a: '1' } });
    expect((await posted('delete', '/keys/verb')).json()).toHaveProperty('recoveryId');
  });

  it.each(['POST', 'OPTIONS', 'TRACE', 'x', 'DELETE, GET', ''])('stays a POST when that says %j', async (wanted) => {
    expect((await posted(wanted, '/keys/post/create', EC)).json()).toHaveProperty('key');
  });

  it('stands for the method of X-HTTP-REQUEST where there is no other', async () => {
    const asked = (headers: Record<string, string>) =>
      call('POST', '/keys/two', undefined, { headers: { 'content-length': '0', ...headers } });
    await call('POST', '/keys/two/create', EC);
    expect((await asked({ 'X-HTTP-METHOD': 'GET', 'X-HTTP-REQUEST': 'DELETE' })).json()).not.toHaveProperty(
      'recoveryId',
    );
    expect((await asked({ 'X-HTTP-METHOD': 'x', 'X-HTTP-REQUEST': 'DELETE' })).status).toBe(405);
    expect((await asked({ 'X-HTTP-REQUEST': 'DELETE' })).json()).toHaveProperty('recoveryId');
  });

  it('needs the permission of that method', async () => {
    await vaultWith('no-deletions', ['get', 'create']);
    const on = (method: string, path: string, body?: unknown, headers = {}) =>
      ask(coffer, `${coffer.vaultUrl('no-deletions')}${path}?api-version=7.6`, {
        method,
        token,
        headers,
        ...(body === undefined ? {} : { body }),
      });
    expect((await on('POST', '/keys/kept/create', EC)).status).toBe(200);
    const refused = await on('POST', '/keys/kept', undefined, { 'X-HTTP-METHOD': 'DELETE', 'content-length': '0' });
    expect(refusal(refused)).toEqual([403, 'Forbidden']);
    expect((await on('GET', '/keys/kept')).status).toBe(200);
  });

  it('is a POST like any other to the hosts that have no such header', async () => {
    const answer = await ask(
      coffer,
      `${coffer.managementUrl}/subscriptions/${dev.subscriptionId}?api-version=2016-06-01`,
      {
        method: 'POST',
        token: await tokenFor(coffer, coffer.managementUrl),
        headers: { 'X-HTTP-METHOD': 'GET', 'content-length': '0' },
      },
    );
    expect(answer.status).toBe(405);
  });
});

it('large bodies are taken two at a time, whoever sends them; small ones do not wait for them', async () => {
  const url = `${coffer.vaultUrl()}/keys/restore?api-version=7.6`;
  const value = 'A'.repeat(30_000_000);
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => ask(coffer, url, { method: 'POST', token, body: { value } })),
  );
  const codes = answers.map((answer) => refusal(answer).join(' '));
  expect(codes).toContain('400 BadParameter');
  // Two instances behind an edge, which hands bodies on when it has them, may do all of them.
  if (topology === 'standalone') expect(codes).toContain('429 Throttled');
  for (const { status, headers } of answers.filter((answer) => answer.status !== 400)) {
    expect([status, headers['retry-after']]).toEqual([429, '1']);
  }
  expect(refusal(await call('POST', '/keys/restore', { value: 'AAAA' }))).toEqual([400, 'BadParameter']);
});

it.each(['AAAA', Buffer.alloc(8_693).toString('base64url')])(
  'a backup that is none is refused in Azure’s words',
  async (value) => {
    const answer = await call('POST', '/keys/restore', { value });
    expect(answer.json<WireError>().error).toMatchObject({
      code: 'BadParameter',
      message: 'Backup blob contains invalid or corrupt version.',
    });
  },
);

it('a tag that would get lost is refused', async () => {
  const answer = await call('POST', '/keys/tagged/create', '{"kty":"EC","tags":{"__proto__":"x","constructor":"y"}}');
  expect(refusal(answer)).toEqual([400, 'BadParameter']);
  expect((await call('POST', '/keys/tagged/create', { ...EC, tags: { constructor: 'y' } })).json()).toMatchObject({
    tags: { constructor: 'y' },
  });
});

it('an RSA key with a factor that can be found is refused', async () => {
  const answer = await call('PUT', '/keys/weak', { key: weakRsa });
  expect(refusal(answer)).toEqual([400, 'BadParameter']);
  expect((await call('GET', '/keys/weak')).status).toBe(404);
});
