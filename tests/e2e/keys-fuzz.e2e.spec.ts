import https from 'node:https';
import { keyOperations } from '@coffer/wire';
import fc from 'fast-check';
import type pg from 'pg';
import { startCoffer, topology, type RunningCoffer } from '../support/coffer.js';
import { inDatabase } from '../support/databases.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';
import { a2, a3 } from '../support/rfc7515.js';
import { seedFrom } from '../support/seed.js';

/** Through the edge a request costs more, and the services behind it are the same. */
const REQUESTS = topology === 'split' ? 2_000 : 20_000;
const BATCH = 40;
/** With the wait for one of the connections. */
const SLOWEST_MS = 60_000;
/** What a message about a request has no reason to say, unless the request said it. */
const INTERNALS =
  /node_modules|\bat .+:\d+:\d+|\.(ts|js):\d|SELECT |INSERT |TypeError|RangeError|ECONN|undefined|\[object|zod|postgres|openssl/gi;

let coffer: RunningCoffer;
let token: string;
let agent: https.Agent;
beforeAll(async () => {
  coffer = await startCoffer();
  token = await tokenFor(coffer, vaultResource(coffer));
  agent = new https.Agent({ keepAlive: true, maxSockets: 8, ca: coffer.ca });
  for (const [name, body] of Object.entries({ ec: { kty: 'EC' }, rsa: { kty: 'RSA' }, oct: { kty: 'oct' } })) {
    const url = `${coffer.vaultUrl()}/keys/${name}/create?api-version=7.6`;
    expect((await ask(coffer, url, { method: 'POST', token, body })).status).toBe(200);
  }
});
afterAll(async () => {
  agent.destroy();
  await coffer.dispose();
});

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', ' ', '../..', '%00', 'a'.repeat(128), '__proto__', 'constructor', '\u202e', '\ud800'),
);
const base64url = fc.oneof(
  fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.constantFrom('', '=', 'A', 'AA==', 'AAA', 'A'.repeat(43), 'é'),
  text,
);
const names = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('ec', 'rsa', 'oct', 'EC', 'none') },
  { weight: 1, arbitrary: text.map((name) => encodeURIComponent(name.toWellFormed())) },
  { weight: 1, arbitrary: fc.constantFrom('%zz', '%', 'a%2Fb', 'restore', 'create', '-') },
);
const versions = fc.oneof(
  fc.constantFrom('', 'versions', 'f'.repeat(32), 'F'.repeat(32), '0', 'create', 'rotationpolicy'),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  text.map((version) => encodeURIComponent(version.toWellFormed())),
);
const apiVersions = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('2016-10-01', '7.0', '7.2', '7.4', '7.6', '2025-07-01', '7.6-preview.2') },
  { weight: 1, arbitrary: text.map((version) => encodeURIComponent(version.toWellFormed())) },
);
const algorithms = fc.oneof(
  fc.constantFrom('RS256', 'PS512', 'ES256', 'ES256K', 'ECDSA256', 'RSNULL', 'HS256', 'RSA1_5', 'RSA-OAEP-256'),
  fc.constantFrom('A128GCM', 'A256GCM', 'A256CBC', 'A256CBCPAD', 'A256KW', 'CKM_AES_KEY_WRAP_PAD', 'none'),
  text,
);
const ktys = fc.oneof(fc.constantFrom('EC', 'oct', 'RSA-HSM', 'EC-HSM', 'oct-HSM', 'OKP', 'rsa'), text);
const curves = fc.oneof(fc.constantFrom('P-256', 'P-521', 'P-256K', 'SECP256K1', 'P-192', 'Ed25519'), text);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-1, 0, 128, 256, 2048, 2 ** 53, Number.MAX_VALUE));
const anything = fc.anything({ maxDepth: 2, withNullPrototype: false }).map((value) => plain(value));
const attributes = fc.record(
  { enabled: anything, nbf: number, exp: number, exportable: fc.boolean(), created: number },
  { requiredKeys: [] },
);
const transferBlob = fc
  .record({
    schema_version: fc.constantFrom('1.0.0', '1.0.0', '2'),
    header: fc.record({
      kid: fc.oneof(
        fc.constantFrom('rsa', 'ec', 'none').map((name) => `${coffer.vaultUrl()}/keys/${name}/${'f'.repeat(32)}`),
        text,
      ),
      alg: fc.constantFrom('dir', 'dir', 'x'),
      enc: fc.constantFrom('CKM_RSA_AES_KEY_WRAP', 'CKM_RSA_AES_KEY_WRAP', 'x'),
    }),
    ciphertext: base64url,
  })
  .map((blob) => Buffer.from(JSON.stringify(blob)).toString('base64url'));
const jwk = fc.oneof(
  fc.record(
    { kty: ktys, crv: curves, x: base64url, y: base64url, d: base64url, n: base64url, e: base64url, k: base64url },
    { requiredKeys: ['kty'] },
  ),
  // True keys of which one member is another.
  fc
    .tuple(fc.constantFrom(...Object.keys(a2.jwk)), base64url)
    .map(([member, other]) => ({ ...a2.jwk, [member]: other })),
  fc
    .tuple(fc.constantFrom(...Object.keys(a3.jwk)), base64url)
    .map(([member, other]) => ({ ...a3.jwk, [member]: other })),
  fc.record(
    { kty: fc.constantFrom('RSA', 'EC', 'oct'), crv: curves, key_hsm: fc.oneof(transferBlob, base64url) },
    { requiredKeys: ['kty', 'key_hsm'] },
  ),
  anything,
);
const members = {
  kty: ktys,
  key_size: number,
  crv: curves,
  public_exponent: number,
  key_ops: fc.oneof(fc.array(text, { maxLength: 3 }), anything),
  attributes: fc.oneof(attributes, anything),
  tags: fc.oneof(fc.dictionary(text, text, { maxKeys: 20 }), anything),
  release_policy: fc.oneof(fc.record({ data: base64url, contentType: text, immutable: anything }), anything),
  Hsm: anything,
  key: jwk,
  alg: algorithms,
  value: base64url,
  digest: base64url,
  iv: base64url,
  aad: base64url,
  tag: base64url,
  target: text,
  enc: text,
  nonce: text,
  count: number,
  lifetimeActions: fc.array(
    fc.record({
      trigger: fc.record({ timeAfterCreate: text, timeBeforeExpiry: text }, { requiredKeys: [] }),
      action: fc.record({ type: fc.constantFrom('Rotate', 'Notify', 'x') }),
    }),
    { maxLength: 3 },
  ),
};
const bodies = fc.oneof(
  { weight: 8, arbitrary: fc.record(members, { requiredKeys: [] }).map((body) => JSON.stringify(body)) },
  { weight: 2, arbitrary: anything.map((body) => JSON.stringify(body)) },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

/** What JSON can say of a value. */
function plain(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    return null;
  }
}

// What takes a key away for good would leave the rest with nothing to find.
const routes = Object.values(keyOperations)
  .filter(({ method, paths }) => method !== 'DELETE' || paths[0] !== '/keys/:name')
  .flatMap(({ method, paths }) => paths.map((path) => ({ method, path })));
const requests = fc
  .record({ route: fc.constantFrom(...routes), name: names, version: versions, apiVersion: apiVersions, body: bodies })
  .map(({ route: { method, path }, name, version, apiVersion, body }) => ({
    method,
    // Making RSA keys would take most of the time.
    path: `${path.replace(':name', path.endsWith('/rotate') && name === 'rsa' ? 'ec' : name).replace(':version', version)}?api-version=${apiVersion}`,
    body: method === 'GET' ? undefined : body,
  }));
type Request = typeof requests extends fc.Arbitrary<infer R> ? R : never;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly milliseconds: number;
}

function send({ method, path, body }: Request): Promise<Answer> {
  const began = performance.now();
  const url = new URL(coffer.vaultUrl());
  return new Promise((resolve, reject) => {
    const call = https.request(
      {
        host: url.hostname,
        port: url.port,
        // As written: a URL parser would make another path of it.
        path,
        method,
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
        timeout: SLOWEST_MS,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const milliseconds = performance.now() - began;
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), milliseconds });
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', reject);
    call.end(body);
  });
}

async function countEvents(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ n: string }>('SELECT count(*) AS n FROM events');
  return Number(rows[0]?.n);
}

/** What is wrong with an answer; undefined when nothing is. */
function fault({ path, body: sent }: Request, { status, body, milliseconds }: Answer): string | undefined {
  if (status >= 500 || status < 200) return `status ${status}`;
  if (milliseconds > SLOWEST_MS) return `${milliseconds} ms`;
  if (status < 400) return undefined;
  const error = (JSON.parse(body) as { readonly error?: { readonly code?: unknown; readonly message?: unknown } })
    .error;
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') return 'no error in the wire’s form';
  const asked = `${path} ${sent ?? ''}`;
  // A random name or api-version such as `NJgzOd` is quoted in its refusal, and is not ours.
  const internals = error.message.match(INTERNALS)?.filter((words) => !asked.includes(words)) ?? [];
  return internals.length > 0 ? `says too much: ${error.message}` : undefined;
}

/** Sends them batch by batch; what was wrong, and how often each status came. */
async function run(client: pg.Client, all: readonly Request[]) {
  const found: string[] = [];
  const statuses = new Map<number, number>();
  let refusedBatches = 0;
  let events = await countEvents(client);
  for (let from = 0; from < all.length; from += BATCH) {
    const batch = all.slice(from, from + BATCH);
    const exchanges = await Promise.all(batch.map(async (request) => ({ request, answer: await send(request) })));
    for (const { request, answer } of exchanges) {
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const wrong = fault(request, answer);
      if (wrong !== undefined) found.push(`${wrong}: ${JSON.stringify(request)}`);
    }
    const now = await countEvents(client);
    const refused = exchanges.every(({ request, answer }) => answer.status >= 400 || request.method === 'GET');
    if (refused) refusedBatches += 1;
    if (refused && now !== events) found.push(`an event was stored for one of ${JSON.stringify(batch)}`);
    events = now;
  }
  return { found, statuses, refusedBatches };
}

it(`answers ${REQUESTS} random requests on every key route in the wire's form, and stores nothing that it refused`, async () => {
  const seed = seedFrom('FUZZ_SEED');
  const all = fc.sample(requests, { numRuns: REQUESTS, seed });
  const { found, statuses, refusedBatches } = await inDatabase(coffer.dataDir, 'coffer_crypto_gateway', (client) =>
    run(client, all),
  );
  expect({ seed, found: found.slice(0, 5) }).toEqual({ seed, found: [] });
  // The generators reach what they are for: refusals of many kinds, and successes.
  expect([200, 400, 404].filter((status) => (statuses.get(status) ?? 0) < 20)).toEqual([]);
  expect(refusedBatches).toBeGreaterThan(10);
}, 1_800_000);
