/**
 * Separate services, two instances of each behind the edge, against the standalone program and `openssl speed` in one run:
 * throughput, and how long it takes until others know.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createKafkaFeed, kafkaTlsFiles } from '@coffer/messaging-kafka';
import { startCoffer } from './coffer.mjs';
import { cpuSeconds, pin, withChildren } from './cores.mjs';
import { load, once as ask, request } from './load.mjs';
import { median, report } from './report.mjs';

const DIGEST = createHash('sha256').update('x').digest('base64url');
const GATEWAY_CORE = '0';
const OTHER_CORES = `1-${Math.max(1, availableParallelism() - 1)}`;
/** Connections that keep the gateways' core busy: what waits for the database or the edge leaves room for others. */
const FILLING = 64;
/** Until JavaScript and Java have compiled what is hot: each of two instances has half of the requests to learn from. */
const WARM_UP_SECONDS = 30;
const percentile = (values, p) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))];

function openssl() {
  const args = ['-c', GATEWAY_CORE, 'openssl', 'speed', '-seconds', '3', 'rsa2048'];
  const text = execFileSync('taskset', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return Number(/rsa\s+2048 bits\s+\S+s\s+\S+s\s+([\d.]+)/.exec(text)?.[1]);
}

async function secretGets(coffer, token) {
  const { host } = coffer.vault;
  const at = { path: '/secrets/bench?api-version=7.4', host, token };
  await ask(
    coffer.vault,
    request({ method: 'PUT', ...at, body: { value: 'a value of the usual length, forty-two bytes' } }),
  );
  const get = request({ method: 'GET', ...at });
  await load(coffer.vault, { connections: 32, seconds: WARM_UP_SECONDS, next: () => get });
  const rounds = [];
  for (let i = 0; i < 3; i += 1)
    rounds.push((await load(coffer.vault, { connections: 32, seconds: 3, next: () => get })).perSecond);
  return median(rounds);
}

const standalone = await startCoffer();
const standaloneGets = await secretGets(standalone, await standalone.token());
await standalone.dispose();

const coffer = await startCoffer(undefined, 'split');
const [token, armToken, auditToken] = await Promise.all([
  coffer.token(),
  coffer.token('management'),
  coffer.token('audit'),
]);
const splitGets = await secretGets(coffer, token);
report('secret get, standalone, 32 connections', standaloneGets, '/s');
report('secret get through edge and vault management', splitGets, '/s');
report('  separate against standalone', splitGets / standaloneGets, '', '≥ 0.60', splitGets / standaloneGets >= 0.6);

const agent = new https.Agent({ keepAlive: true, ca: coffer.ca, maxSockets: 8 });
/** One request as any client makes it; milliseconds are those until the whole answer is there. */
function call(host, path, { method = 'GET', body, bearer = token } = {}) {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const sent = https.request(
      {
        host: '127.0.0.1',
        port: coffer.port,
        servername: host,
        path,
        method,
        agent,
        headers: {
          host: `${host}:${coffer.port}`,
          authorization: `Bearer ${bearer}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
            milliseconds: performance.now() - began,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
const onVault = (path, options) => call('demo.vault.localhost', `${path}?api-version=7.4`, options);
const latency = (title, values, most) => {
  report(
    title,
    `${percentile(values, 0.5).toFixed(1)} / ${percentile(values, 0.99).toFixed(1)}`,
    'ms',
    `p99 < ${most} ms`,
    percentile(values, 0.99) < most,
  );
};

// Until another service has an event: from the answer to the write on.
const state = JSON.parse(readFileSync(join(coffer.directory, 'split.json'), 'utf8'));
const { brokers, admin } = state.kafka;
const tls = admin === undefined ? {} : { tls: kafkaTlsFiles(admin) };
const feed = createKafkaFeed({ connection: { brokers, clientId: 'bench', ...tls }, source: 'bench' });
const seen = new Map();
await feed.subscribe({ topics: ['coffer.vaults.v1'], group: `bench-${Date.now()}` }, async (messages) => {
  for (const { body } of messages) seen.set(body.meta.correlationId, performance.now());
});
const visible = [];
for (let i = 0; i < 120; i += 1) {
  const answer = await onVault(`/secrets/event-${i}`, { method: 'PUT', body: { value: 'x' } });
  const answered = performance.now();
  const id = answer.headers['x-ms-request-id'];
  while (!seen.has(id)) await new Promise((resolve) => setTimeout(resolve, 1));
  if (i >= 20) visible.push(Math.max(0, seen.get(id) - answered));
}
latency('event visible to another service, p50 / p99', visible, 100);
await feed.close();

// A change of access is answered when it holds on every instance.
await onVault('/keys/bench/create', { method: 'POST', body: { kty: 'RSA', key_size: 2048 } });
const dev = { tenantId: '00000000-0000-4000-8000-0000000000aa', objectId: '00000000-0000-4000-8000-000000000001' };
const vault =
  '/subscriptions/00000000-0000-4000-8000-0000000000bb/resourceGroups/default/providers/Microsoft.KeyVault/vaults/demo';
const policies = (kind) =>
  call('management.localhost', `${vault}/accessPolicies/${kind}?api-version=2023-07-01`, {
    method: 'PUT',
    bearer: armToken,
    body: { properties: { accessPolicies: [{ ...dev, permissions: { keys: ['sign'] } }] } },
  });
const sign = () => onVault('/keys/bench//sign', { method: 'POST', body: { alg: 'RS256', value: DIGEST } });
const changes = { remove: [], add: [] };
let wrong = 0;
for (let i = 0; i < 60; i += 1) {
  for (const [kind, expected] of [
    ['remove', 403],
    ['add', 200],
  ]) {
    changes[kind].push((await policies(kind)).milliseconds);
    const answers = await Promise.all([sign(), sign(), sign(), sign()]);
    wrong += answers.filter(({ status }) => status !== expected).length;
  }
}
latency('revoke effective on every instance, p50 / p99', changes.remove.slice(10), 50);
latency('grant effective on every instance, p50 / p99', changes.add.slice(10), 50);
report('  uses that were answered by the old policy', wrong, '', '0', wrong === 0);

// Until an operation can be proven.
const proofs = [];
for (let i = 0; i < 15; i += 1) {
  const { headers } = await sign();
  const answered = performance.now();
  for (;;) {
    const page = await call('audit.localhost', '/records?operation=KeySign&top=20', { bearer: auditToken });
    const record = JSON.parse(page.text).value.find(
      ({ correlationId }) => correlationId === headers['x-ms-request-id'],
    );
    if (record !== undefined) {
      const proof = await call('audit.localhost', `/proofs/inclusion?recordId=${record.recordId}`, {
        bearer: auditToken,
      });
      if (proof.status === 200) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  proofs.push(performance.now() - answered);
}
latency('audit proof available after an operation, p50 / p99', proofs, 2_000);

// The gateways on one core, everything else on the others; openssl on the same one.
const { host } = coffer.vault;
const rsa = request({
  method: 'POST',
  path: '/keys/bench//sign?api-version=7.4',
  host,
  token,
  body: { alg: 'RS256', value: DIGEST },
});
const gateways = state.instances.filter(({ service }) => service === 'crypto-gateway').map(({ pid }) => pid);
const postgres = coffer.postgresPid();
const services = state.instances.map(({ pid }) => pid).filter((pid) => !gateways.includes(pid));
const others = [
  process.pid,
  coffer.pid,
  state.kafka.pid,
  ...[postgres, state.edge.pid].flatMap(withChildren),
  ...services,
];
for (const pid of gateways) pin(pid, GATEWAY_CORE);
for (const pid of others) pin(pid, OTHER_CORES);
await load(coffer.vault, { connections: FILLING, seconds: WARM_UP_SECONDS, next: () => rsa });
const rounds = { openssl: [], sign: [], perCpu: [] };
for (let i = 0; i < 3; i += 1) {
  rounds.openssl.push(openssl());
  const before = cpuSeconds(gateways);
  const { perSecond } = await load(coffer.vault, { connections: FILLING, seconds: 4, warmup: 0, next: () => rsa });
  rounds.sign.push(perSecond);
  rounds.perCpu.push((perSecond * 4) / (cpuSeconds(gateways) - before));
}
const [speed, signed] = [median(rounds.openssl), median(rounds.sign)];
report('RSA-2048 sign through edge and gateways on one core', signed, '/s');
report('openssl speed rsa2048 on that core', speed, '/s');
report('  Coffer against openssl', signed / speed, '', '≥ 0.60', signed / speed >= 0.6);
// Where the core for everything else is the slower one, the gateways' own is not full.
report('  the same per second of processor time of the gateways', median(rounds.perCpu), '/s');
report('  against openssl', median(rounds.perCpu) / speed, '');
agent.destroy();
await coffer.dispose();
