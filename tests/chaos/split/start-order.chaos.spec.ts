import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, type RunningCoffer } from '../../support/coffer.js';
import { brokenSequences, inDatabase } from '../../support/databases.js';
import { ask, tokenFor, vaultResource, type Ask } from '../../support/https.js';
import { metric, splitState, startSplit } from '../../support/split.js';
import { chaosSeed } from '../../support/seed.js';
import { Random } from './random.js';

const SERVICES = ['identity', 'crypto-gateway', 'policy-engine', 'vault-management', 'audit-log'];
const TEST_MS = 600_000;
const V = 'api-version=7.4';
const digest = createHash('sha256').update('x').digest('base64url');

const seed = chaosSeed();
const order = new Random(seed).shuffled(SERVICES);

let dataDir: string;
let coffer: RunningCoffer | undefined;
beforeAll(async () => {
  process.stdout.write(`chaos of the start, seed ${seed}: ${order.join(', ')}\n`);
  dataDir = await mkdtemp(path.join(tmpdir(), 'coffer-order-'));
});
afterAll(async () => {
  await coffer?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Each service begins when the one before listens: none finds those that come after it. */
function startIn(services: readonly string[], port: number): Promise<RunningCoffer> {
  return startSplit({
    dataDir,
    port,
    args: ['--instances', '1'],
    env: { SPLIT_START_ORDER: services.join(',') },
  });
}

/** Names of the services by the second of their start. */
async function startedIn(running: RunningCoffer): Promise<Map<string, number>> {
  const began = await Promise.all(
    splitState(running).instances.map(async (instance) => {
      return [instance.service, await metric(instance, 'process_start_time_seconds')] as const;
    }),
  );
  return new Map(began);
}

/** Works of every service; resolves with the ids of what was acknowledged. */
async function use(running: RunningCoffer, round: number): Promise<string[]> {
  const token = await tokenFor(running, vaultResource(running));
  const acknowledged: string[] = [];
  const succeeds = async (at: string, request: Ask = {}) => {
    const answer = await ask(running, `${running.vaultUrl()}${at}?${V}`, { token, ...request });
    expect(answer.status).toBe(200);
    acknowledged.push(String(answer.headers['x-ms-request-id']));
    return answer;
  };
  await succeeds(`/keys/k${round}/create`, { method: 'POST', body: { kty: 'EC' } });
  await succeeds(`/secrets/s${round}`, { method: 'PUT', body: { value: `value ${round}` } });
  for (let before = 0; before <= round; before += 1) {
    await succeeds(`/keys/k${before}//sign`, { method: 'POST', body: { alg: 'ES256', value: digest } });
    expect((await succeeds(`/secrets/s${before}`)).json()).toMatchObject({ value: `value ${before}` });
  }
  const armToken = await tokenFor(running, running.managementUrl);
  const subscriptions = await ask(running, `${running.managementUrl}/subscriptions?api-version=2022-12-01`, {
    token: armToken,
  });
  expect(subscriptions.json<{ value: unknown[] }>().value).toHaveLength(1);
  return acknowledged;
}

/** The audit log has them all, not only the inboxes of the services. */
async function untilLogged(ids: readonly string[]): Promise<void> {
  const text = "SELECT count(*) AS n FROM audit_records WHERE record::json->>'correlationId' = ANY($1)";
  const deadline = Date.now() + 100_000;
  for (;;) {
    const { rows } = await inDatabase(dataDir, 'coffer_audit_log', (client) =>
      client.query<{ n: string }>(text, [ids]),
    );
    if (Number(rows[0]?.n) === ids.length) return;
    if (Date.now() > deadline) throw new Error(`${rows[0]?.n ?? ''} of ${ids.length} records are in the log`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('services that are started one after the other', () => {
  // The second order is the reverse of the first: each service is once before and once after each other.
  it(
    'in any order, on a new installation and on an old one, wait for each other and work',
    async () => {
      const port = await freePort();
      const acknowledged: string[] = [];
      for (const [round, services] of [order, order.toReversed()].entries()) {
        coffer = await startIn(services, port);
        const started = await startedIn(coffer);
        const seconds = services.map((service) => started.get(service) ?? 0);
        expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
        expect(seconds.at(-1)).toBeGreaterThan(seconds[0] ?? 0);
        acknowledged.push(...(await use(coffer, round)));
        await untilLogged(acknowledged);
        expect(await brokenSequences(dataDir)).toEqual([]);
        expect(await coffer.stop()).toBe(0);
        coffer = undefined;
      }
    },
    TEST_MS,
  );
});
