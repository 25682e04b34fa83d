import { armVault, dev, type RunningCoffer } from '../../support/coffer.js';
import { brokenSequences, unrecorded } from '../../support/databases.js';
import { ask, tokenFor, vaultResource } from '../../support/https.js';
import { lostWrites } from '../../support/load.js';
import { unequalProjections } from '../../support/rebuild.js';
import { freeBlock, portsOf, splitState, startSplit } from '../../support/split.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { checkTampered, lines, mirror, scratch, verifier } from '../../support/verify.js';
import { chaosSeed } from '../../support/seed.js';
import { freezing, killing, killingParts, partitions, type Fault } from './faults.js';
import { redelivery } from './redelivery.js';
import { Operations } from './operations.js';
import { Random } from './random.js';
import { DisabledKey, RemovedPolicy } from './revocations.js';

const OPERATIONS = 1_000;
const FAULTS = 14;
const LEASE_MS = 2_000;
const TEST_MS = 900_000;
const START_MS = 120_000;
const V = 'api-version=7.4';

const seed = chaosSeed();

let coffer: RunningCoffer;
let proxies: Record<string, TcpProxy>;
let token: string;

beforeAll(async () => {
  process.stdout.write(`chaos of the split services, seed ${seed}\n`);
  const basePort = await freeBlock();
  // What one instance reaches its peers and Kafka through can be cut.
  const ports = portsOf(basePort);
  proxies = {
    'between crypto-gateway-1 and vault-management-1': await TcpProxy.start(() => ports.grpc('vault-management-1')),
    'between crypto-gateway-1 and vault-management-2': await TcpProxy.start(() => ports.grpc('vault-management-2')),
    'between vault-management-2 and policy-engine-1': await TcpProxy.start(() => ports.grpc('policy-engine-1')),
    'between Kafka and vault-management-1': await TcpProxy.start(() => ports.kafkaSecond),
  };
  const [toVaults1, toVaults2, toPolicy, toKafka] = Object.values(proxies).map(({ port }) => `127.0.0.1:${port}`);
  coffer = await startSplit({
    args: ['--base-port', String(basePort), '--kafka-forward-port', String(toKafka?.split(':')[1])],
    env: {
      COFFER_LEASE_MILLISECONDS: String(LEASE_MS),
      SPLIT_OVERRIDES: JSON.stringify({
        'crypto-gateway-1': { COFFER_PEER_VAULT_MANAGEMENT: `${toVaults1 ?? ''},${toVaults2 ?? ''}` },
        'vault-management-2': { COFFER_PEER_POLICY_ENGINE: toPolicy },
        'vault-management-1': { COFFER_KAFKA_BROKERS: toKafka },
      }),
    },
  });
  token = await tokenFor(coffer, vaultResource(coffer));
}, START_MS);
afterAll(async () => {
  await coffer.dispose();
  for (const proxy of Object.values(proxies)) await proxy.stop();
});

async function prepare(): Promise<readonly [DisabledKey, RemovedPolicy]> {
  const armToken = await tokenFor(coffer, coffer.managementUrl);
  const permissions = { keys: ['create', 'get'], secrets: [] };
  const made = await ask(coffer, `${armVault(coffer, 'chaos')}?api-version=2023-07-01`, {
    method: 'PUT',
    token: armToken,
    body: {
      location: 'local',
      properties: {
        tenantId: dev.tenantId,
        sku: { family: 'A', name: 'standard' },
        accessPolicies: [{ tenantId: dev.tenantId, objectId: dev.objectId, permissions }],
      },
    },
  });
  expect(made.status).toBe(200);
  const policy = new RemovedPolicy(coffer, 'chaos', 'guarded', armToken);
  const call = (url: string, request = {}) => ask(coffer, url, { token, ...request });
  for (const url of [
    `${coffer.vaultUrl()}/keys/chaos/create?${V}`,
    `${coffer.vaultUrl()}/keys/switched/create?${V}`,
    `${coffer.vaultUrl('chaos')}/keys/guarded/create?${V}`,
  ]) {
    expect((await call(url, { method: 'POST', body: { kty: 'EC' } })).status).toBe(200);
  }
  expect((await call(`${coffer.vaultUrl()}/secrets/shared?${V}`, { method: 'PUT', body: { value: '0' } })).status).toBe(
    200,
  );
  return [new DisabledKey(coffer, 'switched'), policy];
}

function allFaults(random: Random): Fault[] {
  const { instances } = splitState(coffer);
  const names = instances.map(({ name }) => name);
  return [
    ...random.shuffled([
      ...killing(coffer, names),
      ...killingParts(coffer),
      ...freezing(coffer, ['audit-log-1', 'crypto-gateway-2', 'policy-engine-1'], 2 * LEASE_MS),
      ...partitions(proxies, 2 * LEASE_MS),
      ...redelivery(coffer, random),
    ]),
  ];
}

describe('a thousand operations under faults of every kind', () => {
  it(
    'keep the five invariants',
    async () => {
      const random = new Random(seed);
      const revocations = await prepare();
      const operations = new Operations(coffer, token, random, revocations);
      const faults = allFaults(random).slice(0, FAULTS);
      const running: Promise<void>[] = [];
      await operations.run(OPERATIONS, 8, (n) => {
        const fault = n % Math.floor(OPERATIONS / (FAULTS + 1)) === 0 ? faults.shift() : undefined;
        if (fault === undefined) return Promise.resolve();
        process.stdout.write(`operation ${n}: ${fault.name}\n`);
        running.push(fault.run());
        return Promise.resolve();
      });
      await Promise.all(running);
      expect(faults).toEqual([]);
      expect(operations.done).toBe(OPERATIONS);
      process.stdout.write(`answers: ${JSON.stringify([...operations.statuses])}, broken: ${operations.broken}\n`);

      await everyInstanceRecovers();
      await nothingIsLost(operations);
      expect(await unrecorded(coffer.dataDir, operations.acknowledged)).toEqual([]);
      expect(await brokenSequences(coffer.dataDir)).toEqual([]);
      expect(await unequalProjections(coffer.dataDir)).toEqual([]);
      await theLogVerifies();
      for (const revocation of revocations) {
        expect(revocation.violations).toEqual([]);
        expect(revocation.revocations).toBeGreaterThan(0);
        expect(revocation.refusals).toBeGreaterThan(0);
      }
    },
    TEST_MS,
  );
});

/** The log of the run is accepted by the verifier, and no changed copy of it is. */
async function theLogVerifies(): Promise<void> {
  const copy = await scratch();
  try {
    expect(await mirror(coffer, copy.directory)).toMatchObject({ code: 0 });
    const accepted = await verifier(copy.directory);
    process.stdout.write(accepted.output);
    expect(accepted).toMatchObject({ code: 0 });
    const refused = (change: (all: string[]) => string[]) =>
      checkTampered(copy.directory, 'records.ndjson', lines(change));
    expect((await refused((all) => all.map((line) => line.replace('"KeySign"', '"KeyGet"')))).code).toBe(1);
    expect((await refused((all) => all.toSpliced(all.length / 2, 1))).code).toBe(1);
    expect((await refused(swapped)).code).toBe(1);
  } finally {
    await copy.remove();
  }
}

function swapped(all: string[]): string[] {
  const parse = (line = '{}') => JSON.parse(line) as Record<string, unknown>;
  const [a, b] = [parse(all[5]), parse(all[50])];
  return all.with(5, JSON.stringify({ ...b, index: a['index'] })).with(50, JSON.stringify({ ...a, index: b['index'] }));
}

/** Every instance says that it can work, without anybody's help. */
async function everyInstanceRecovers(): Promise<void> {
  const deadline = Date.now() + 180_000;
  for (;;) {
    const answers = await Promise.all(
      splitState(coffer).instances.map(async ({ name, internalPort }) => {
        const answer = await fetch(`http://127.0.0.1:${internalPort}/readyz`).catch(() => undefined);
        return answer?.ok === true ? undefined : name;
      }),
    );
    const away = answers.filter((name) => name !== undefined);
    if (away.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`not recovered: ${away.join(', ')}\n${coffer.lines.all.slice(-60).join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function nothingIsLost(operations: Operations): Promise<void> {
  const fresh = await tokenFor(coffer, vaultResource(coffer));
  expect(await lostWrites(coffer, operations, fresh)).toEqual([]);
  expect(Math.min(operations.secrets.length, operations.keys.length, operations.deleted.length)).toBeGreaterThan(10);
}
