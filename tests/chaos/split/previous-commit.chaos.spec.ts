import { execFileSync } from 'node:child_process';
import type { RunningCoffer } from '../../support/coffer.js';
import { brokenSequences, unrecorded } from '../../support/databases.js';
import { ask, tokenFor, vaultResource } from '../../support/https.js';
import { lostWrites, MixedLoad } from '../../support/load.js';
import { buildAt, previousCommit, type BuiltCommit } from '../../support/previous-commit.js';
import { unequalProjections } from '../../support/rebuild.js';
import { instanceOf, metric, startSplit } from '../../support/split.js';
import { chaosSeed } from '../../support/seed.js';
import { Random } from './random.js';
import { DisabledKey } from './revocations.js';

const SERVICES = ['identity', 'crypto-gateway', 'policy-engine', 'vault-management', 'audit-log'];
const WRITES = 10;
const ROUNDS = 3;
const USES = 10;
const TEST_MS = 600_000;
const V = 'api-version=7.4';

const previous = previousCommit();
const service = new Random(chaosSeed()).pick(SERVICES);
const old = `${service}-1`;

let built: BuiltCommit | undefined;
let coffer: RunningCoffer | undefined;
afterEach(async () => {
  await coffer?.dispose();
  await built?.remove();
});

async function makeKey(running: RunningCoffer, token: string, name: string): Promise<void> {
  const body = { kty: 'EC' };
  const answer = await ask(running, `${running.vaultUrl()}/keys/${name}/create?${V}`, { method: 'POST', token, body });
  expect(answer.status).toBe(200);
}

/** A key is disabled and enabled; each answer holds whichever instance is asked next. */
async function everyInstanceEnforces(running: RunningCoffer, token: string): Promise<void> {
  const key = new DisabledKey(running, 'switched');
  const call = (url: string, request = {}) => ask(running, url, { token, ...request });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const expected of [403, 200]) {
      expect((await key.toggle(call)).status).toBe(200);
      const uses = await Promise.all(Array.from({ length: USES }, () => key.tryUse(call)));
      expect(uses.map(({ status }) => status)).toEqual(uses.map(() => expected));
    }
  }
  expect([key.violations, key.revocations, key.refusals]).toEqual([[], ROUNDS, ROUNDS * USES]);
}

async function answered(running: RunningCoffer): Promise<number> {
  const instance = instanceOf(running, old);
  const [requests, calls, consumed] = await Promise.all([
    metric(instance, 'coffer_http_requests_total'),
    metric(instance, 'coffer_grpc_calls_total'),
    metric(instance, 'coffer_feed_consumed_total'),
  ]);
  return requests + calls + consumed;
}

describe(`one instance of ${service} at the commit before this one`, () => {
  const works = async () => {
    if ('missing' in previous) throw new Error(previous.missing);
    process.stdout.write(`${old} is at ${previous.commit}\n`);
    built = await buildAt(previous.commit, service);
    coffer = await startSplit({ env: { SPLIT_PROGRAMS: JSON.stringify({ [old]: built.program }) } });
    const running = coffer;
    const { pid = 0 } = instanceOf(running, old);
    expect(execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })).toContain(built.program);

    const token = await tokenFor(running, vaultResource(running));
    for (const name of ['chaos', 'switched']) await makeKey(running, token, name);
    const load = new MixedLoad(token, 'mixed');
    load.start(running);
    await load.until(() => Math.min(load.secrets.length, load.keys.length, load.deleted.length) >= WRITES);
    await load.stop();
    await everyInstanceEnforces(running, token);

    expect([...load.statuses.keys()].filter((status) => status >= 500)).toEqual([]);
    expect(await lostWrites(running, load, token)).toEqual([]);
    expect(await unrecorded(running.dataDir, load.acknowledged)).toEqual([]);
    expect(await brokenSequences(running.dataDir)).toEqual([]);
    expect(await unequalProjections(running.dataDir)).toEqual([]);
    expect(await answered(running)).toBeGreaterThan(0);
  };

  if ('missing' in previous) it.skip(`works with all others (not run: ${previous.missing})`, works);
  else it('works with all others', works, TEST_MS);
});
