import { dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { brokenSequences, killServer, unrecorded, serverPid } from '../support/databases.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';
import { lostWrites, MixedLoad } from '../support/load.js';

const ROUNDS = 20;
const LOAD_MS = 300;
const TEST_MS = 480_000;

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

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Loads for a while, and until each kind of write was acknowledged, however slow the machine. */
async function loadForARound(): Promise<void> {
  const [keys, deleted, secrets] = [load.keys.length, load.deleted.length, load.secrets.length];
  await pause(LOAD_MS);
  await load.until(() => load.keys.length > keys && load.deleted.length > deleted && load.secrets.length > secrets);
}

/** Resolves when the condition holds; rejects with the log after a hundred seconds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 100_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`in vain:\n${coffer.lines.all.slice(-20).join('\n')}`);
    await pause(20);
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
  const token = await tokenFor(coffer, vaultResource(coffer), dev);
  expect(await lostWrites(coffer, load, token)).toEqual([]);
  expect(Math.min(load.secrets.length, load.keys.length, load.deleted.length)).toBeGreaterThanOrEqual(ROUNDS);
  expect(await unrecorded(coffer.dataDir, load.acknowledged)).toEqual([]);
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
        await loadForARound();
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
        await loadForARound();
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
