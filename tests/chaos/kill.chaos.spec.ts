import { dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { brokenSequences, killServer, recordedCorrelations, serverPid } from '../support/databases.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';
import { MixedLoad } from '../support/load.js';

const ROUNDS = 20;
const LOAD_MS = 400;
const TEST_MS = 180_000;

let coffer: RunningCoffer;
let load: MixedLoad;

async function begin(name: string): Promise<void> {
  coffer = await startCoffer();
  const token = await tokenFor(coffer, vaultResource(coffer));
  const made = await ask(coffer, `${coffer.vaultUrl()}/keys/chaos/create?api-version=7.4`, {
    method: 'POST',
    token,
    body: { kty: 'EC' },
  });
  expect(made.status).toBe(200);
  const shared = await ask(coffer, `${coffer.vaultUrl()}/secrets/${name}-all?api-version=7.4`, {
    method: 'PUT',
    token,
    body: { value: 'the first' },
  });
  expect(shared.status).toBe(200);
  load = new MixedLoad(token, name);
}

const loadFor = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves when the condition holds; rejects with the log after half a minute. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`in vain:\n${coffer.lines.all.slice(-20).join('\n')}`);
    await loadFor(20);
  }
}

/** Resolves when the service says that it can work. */
function untilReady(): Promise<void> {
  return until(async () => {
    const answer = await ask(coffer, `https://localhost:${coffer.port}/readyz`).catch(() => undefined);
    return answer?.status === 200;
  });
}

/** Nothing that was acknowledged is lost, and all of it is in the audit log. */
async function nothingIsLost(): Promise<void> {
  expect(load.secrets.length).toBeGreaterThan(ROUNDS);
  const token = await tokenFor(coffer, vaultResource(coffer), dev);
  const get = (url: string) => ask(coffer, `${url}?api-version=7.4`, { token });
  const lost: string[] = [];
  for (const { name, version, value } of load.secrets) {
    const answer = await get(`${coffer.vaultUrl()}/secrets/${name}/${version}`);
    if (answer.status !== 200 || answer.json<{ value: string }>().value !== value) lost.push(`${name}/${version}`);
  }
  for (const kid of load.keys) if ((await get(kid)).status !== 200) lost.push(kid);
  for (const name of load.deleted) {
    const active = await get(`${coffer.vaultUrl()}/secrets/${name}`);
    const kept = await get(`${coffer.vaultUrl()}/deletedsecrets/${name}`);
    if (active.status !== 404 || kept.status !== 200) lost.push(`deletion of ${name}`);
  }
  expect(lost).toEqual([]);
  expect(load.keys.length).toBeGreaterThan(ROUNDS);
  expect(load.deleted.length).toBeGreaterThan(ROUNDS);
  const recorded = await recordedCorrelations(coffer.dataDir);
  expect(load.acknowledged.filter((id) => !recorded.has(id))).toEqual([]);
  expect(await brokenSequences(coffer.dataDir)).toEqual([]);
  expect(new Set(load.secrets.map(({ version }) => version)).size).toBe(load.secrets.length);
}

describe('kill -9, twenty times in a row, during a mixed load', () => {
  afterEach(() => coffer.dispose());

  it(
    'of the process loses no acknowledged write and no audit record',
    async () => {
      await begin('process');
      const { dataDir, port } = coffer;
      for (let round = 0; round < ROUNDS; round += 1) {
        load.start(coffer);
        await loadFor(LOAD_MS);
        await coffer.kill();
        await load.stop();
        coffer = await startCoffer({ dataDir, port });
      }
      await nothingIsLost();
    },
    TEST_MS,
  );

  it(
    'of PostgreSQL loses neither, and the running process recovers by itself with 503 in between',
    async () => {
      await begin('postgres');
      load.start(coffer);
      for (let round = 0; round < ROUNDS; round += 1) {
        await loadFor(LOAD_MS);
        const killed = killServer(coffer.dataDir);
        // Backends outlive their postmaster for a moment and still answer: the next server counts.
        await until(() => serverPid(coffer.dataDir) !== killed);
        await untilReady();
      }
      await load.stop();
      await nothingIsLost();
      // What could not be done was refused in the form of the wire, and nothing else went wrong.
      const statuses = [...load.statuses.keys()].sort();
      expect(statuses.filter((status) => ![200, 503].includes(status))).toEqual([]);
      expect(load.statuses.get(503) ?? 0).toBeGreaterThan(0);
      expect(load.refusals).toEqual(new Set(['ServiceUnavailable, retry-after 1']));
      expect([load.broken, coffer.child.exitCode]).toEqual([0, null]);
    },
    TEST_MS,
  );
});
