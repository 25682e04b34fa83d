import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { status, type ServiceError } from '@grpc/grpc-js';
import {
  Peer,
  remotePolicy,
  remoteSigningKeys,
  remoteVaultDirectory,
  remoteVaultKeys,
  watchCertificates,
} from '@coffer/grpc';
import { topicGrants, topics } from '@coffer/contracts';
import { newId } from '@coffer/kernel';
import { createKafkaFeed, grantTopics, openKafka, type KafkaFeed } from '@coffer/messaging-kafka';
import { ensureServiceCertificates } from '@coffer/tls';
import type { RunningCoffer } from '../support/coffer.js';
import { inDatabase } from '../support/databases.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';
import { brokerConnection, instanceOf, metric, splitState, startSplit } from '../support/split.js';
import pg from 'pg';

const START_MS = 300_000;
/** Default of COFFER_LEASE_MILLISECONDS. */
const LEASE_SECONDS = 10;
let coffer: RunningCoffer;
let foreign: string;
beforeAll(async () => {
  coffer = await startSplit();
  foreign = await mkdtemp(path.join(tmpdir(), 'coffer-foreign-'));
}, START_MS);
afterAll(async () => {
  await coffer.dispose();
  await rm(foreign, { recursive: true, force: true });
});

/** A connection to a service as whoever holds the certificate in `directory`. */
function peer(service: string, caller: string, directory = path.join(coffer.dataDir, 'services')): Peer {
  return new Peer({
    service,
    endpoints: [`127.0.0.1:${instanceOf(coffer, `${service}-1`).grpcPort}`],
    certificates: watchCertificates({
      caFile: path.join(coffer.dataDir, 'services/service-ca.pem'),
      certificateFile: path.join(directory, `${caller}.pem`),
      keyFile: path.join(directory, `${caller}.key`),
    }),
  });
}

async function codeOf(work: Promise<unknown>): Promise<status | 'answered'> {
  try {
    await work;
    return 'answered';
  } catch (error) {
    return ((error as Error).cause as ServiceError | undefined)?.code ?? status.UNKNOWN;
  }
}

const calls = {
  'VaultKeys of the crypto gateway': (p: Peer) =>
    remoteVaultKeys(p, 'secrets').current('00000000-0000-4000-8000-000000000000'),
  'the vault directory': (p: Peer) => remoteVaultDirectory(p).byName('demo'),
  'the policy': (p: Peer) => remotePolicy(p).snapshot(),
  'the signing keys': (p: Peer) => remoteSigningKeys(p)({ refresh: true }),
};

describe("a service's certificate", () => {
  it.each([
    ['VaultKeys of the crypto gateway', 'crypto-gateway', 'vault-management', ['audit-log', 'policy-engine', 'edge']],
    ['the vault directory', 'vault-management', 'crypto-gateway', ['identity', 'audit-log', 'edge']],
    ['the policy', 'policy-engine', 'audit-log', ['crypto-gateway', 'edge']],
    ['the signing keys', 'identity', 'policy-engine', ['edge']],
  ] as const)('opens %s to who is listed, and to nobody else', async (what, service, listed, others) => {
    const allowed = peer(service, listed);
    expect(await codeOf(calls[what](allowed))).toBe('answered');
    allowed.close();
    for (const other of others) {
      const refused = peer(service, other);
      expect([other, await codeOf(calls[what](refused))]).toEqual([other, status.PERMISSION_DENIED]);
      refused.close();
    }
  });

  it('gives a service the keys of its own purpose alone', async () => {
    const identity = peer('crypto-gateway', 'identity');
    await expect(remoteVaultKeys(identity, 'secrets').current('v')).rejects.toMatchObject({ code: 'AccessDenied' });
    identity.close();
  });

  it('of another CA opens nothing; each refusal is in the audit log', async () => {
    await ensureServiceCertificates({ directory: foreign, services: ['vault-management'] });
    const stranger = peer('crypto-gateway', 'vault-management', foreign);
    expect(await codeOf(calls['VaultKeys of the crypto gateway'](stranger))).toBe(status.UNAUTHENTICATED);
    stranger.close();
    const token = await tokenFor(coffer, coffer.auditUrl);
    const reasons = new Set<string>();
    const deadline = Date.now() + 100_000;
    while (!(reasons.has('NoCertificate') && reasons.has('CallerNotListed')) && Date.now() < deadline) {
      const page = await ask(coffer, `${coffer.auditUrl}/records?result=Failure&top=100`, { token });
      for (const { decisionReason } of page.json<{ value: readonly { decisionReason: string }[] }>().value)
        reasons.add(decisionReason);
      await sleep(50);
    }
    expect([...reasons]).toEqual(expect.arrayContaining(['NoCertificate', 'CallerNotListed']));
  });
});

describe("a service's role", () => {
  it('can connect to no other database', async () => {
    const services = ['vault_management', 'crypto_gateway', 'policy_engine', 'audit_log', 'identity'];
    for (const service of services) {
      for (const other of services.filter((name) => name !== service)) {
        const client = new pg.Client({
          host: path.join(coffer.dataDir, 'postgres'),
          user: `coffer_${service}`,
          database: `coffer_${other}`,
        });
        await expect(client.connect()).rejects.toThrow(/permission denied for database/);
      }
    }
    expect(
      (await inDatabase(coffer.dataDir, 'coffer_identity', (client) => client.query('SELECT 1 AS one'))).rowCount,
    ).toBe(1);
  });
});

// A broker that the environment names has the users and grants that its operator gives it.
const ownBroker = process.env['KAFKA_BROKERS'] === undefined ? describe : describe.skip;
ownBroker("at the broker that split starts, a service's certificate", () => {
  const feeds: KafkaFeed[] = [];
  const feedOf = (service: string, onError: (error: unknown) => void = () => undefined): KafkaFeed => {
    const feed = createKafkaFeed({ connection: brokerConnection(coffer, service), source: service, onError });
    feeds.push(feed);
    return feed;
  };
  const message = (topic: string) => ({
    topic,
    key: 'k',
    id: newId(),
    type: 'T',
    seq: 1,
    time: new Date().toISOString(),
    body: {},
  });
  const topicsSeenBy = async (connection: ReturnType<typeof brokerConnection>): Promise<readonly string[]> => {
    const admin = openKafka(connection, () => undefined).admin({ retry: { retries: 0 } });
    try {
      await admin.connect();
      return (await admin.listTopics()).filter((topic) => topic.startsWith('coffer.')).sort();
    } finally {
      await admin.disconnect();
    }
  };
  afterEach(async () => {
    await Promise.all(feeds.splice(0).map((feed) => feed.close()));
  });

  it.each([...new Set(topicGrants.map(({ service }) => service))])(
    'of %s shows the topics that it needs, and no others',
    async (service) => {
      const own = topicGrants.filter((grant) => grant.service === service).map(({ topic }) => topic);
      expect(await topicsSeenBy(brokerConnection(coffer, service))).toEqual([...new Set(own)].sort());
    },
  );

  it.each([
    ['identity', topics.audit],
    ['policy-engine', topics.keys],
    ['crypto-gateway', topics.audit],
    ['edge', topics.audit],
  ])('of %s does not read %s', async (service, topic) => {
    // A group of its own, so that it is the topic that is refused.
    const group = `spec-${newId()}`;
    await grantTopics(brokerConnection(coffer), [{ service, topic: group, operation: 'read', group }]);
    const refused = Promise.withResolvers<unknown>();
    const read: unknown[] = [];
    await feedOf(service, refused.resolve).subscribe({ topics: [topic], group }, (messages) => {
      read.push(...messages);
      return Promise.resolve();
    });
    expect(String(await refused.promise)).toMatch(/not authorized to access topics/i);
    expect(read).toEqual([]);
  });

  it.each([
    ['policy-engine', topics.keys],
    ['identity', topics.vaults],
    ['audit-log', topics.keys],
  ])('of %s does not write %s', async (service, topic) => {
    const producer = openKafka(brokerConnection(coffer, service), () => undefined).producer({ retry: { retries: 1 } });
    await producer.connect();
    try {
      const { key } = message(topic);
      await expect(producer.send({ topic, messages: [{ key, value: '{}' }] })).rejects.toThrow(/not authorized/i);
    } finally {
      await producer.disconnect();
    }
  });

  it('writes what is its own, and gives itself no right to more', async () => {
    await feedOf('identity').publish([message(topics.audit)]);
    const admin = openKafka(brokerConnection(coffer, 'identity'), () => undefined).admin({ retry: { retries: 1 } });
    await admin.connect();
    try {
      await expect(admin.createTopics({ topics: [{ topic: `spec-${newId()}` }] })).rejects.toMatchObject({
        errors: [{ type: 'TOPIC_AUTHORIZATION_FAILED' }],
      });
      await expect(admin.deleteTopics({ topics: [topics.audit] })).rejects.toThrow(/not authorized/i);
    } finally {
      await admin.disconnect();
    }
  });

  it('is what opens the broker: without one, with one of another CA, or in plain text, nobody is served', async () => {
    const connection = brokerConnection(coffer, 'identity');
    const files = connection.tls?.() ?? { ca: '' };
    await ensureServiceCertificates({ directory: foreign, services: ['identity'] });
    const foreignPair = {
      cert: await readFile(path.join(foreign, 'identity.pem'), 'utf8'),
      key: await readFile(path.join(foreign, 'identity.key'), 'utf8'),
    };
    expect(await topicsSeenBy(connection)).toEqual([topics.audit]);
    const { brokers, clientId } = connection;
    const others = [{ tls: () => ({ ca: files.ca }) }, { tls: () => ({ ca: files.ca, ...foreignPair }) }, {}];
    const answers = await Promise.allSettled(others.map((tls) => topicsSeenBy({ brokers, clientId, ...tls })));
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    const [, port = ''] = (connection.brokers[0] ?? '').split(':');
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: files.ca });
    await expect(once(socket, 'close')).rejects.toThrow(/certificate/i);
  });
});

describe('a client that is not the edge', () => {
  it('is not served by a service, with or without a certificate', async () => {
    const { httpPort } = instanceOf(coffer, 'crypto-gateway-1');
    await expect(
      ask(coffer, `https://127.0.0.1:${httpPort}/healthz`, { servername: 'crypto-gateway' }),
    ).rejects.toThrow();
  });
});

describe('a warm gateway', () => {
  it('signs without a call to another service', async () => {
    const token = await tokenFor(coffer, vaultResource(coffer));
    const url = `${coffer.vaultUrl()}/keys/warm`;
    expect(
      (await ask(coffer, `${url}/create?api-version=7.4`, { method: 'POST', token, body: { kty: 'EC' } })).status,
    ).toBe(200);
    const sign = () =>
      ask(coffer, `${url}//sign?api-version=7.4`, {
        method: 'POST',
        token,
        body: { alg: 'ES256', value: createHash('sha256').update('x').digest('base64url') },
      });
    for (let i = 0; i < 20; i += 1) expect((await sign()).status).toBe(200);
    const gateways = splitState(coffer).instances.filter(({ service }) => service === 'crypto-gateway');
    const count = async (name: string, labels: Record<string, string>) => {
      const each = await Promise.all(gateways.map((gateway) => metric(gateway, name, labels)));
      return each.reduce((sum, n) => sum + n, 0);
    };
    const signed = () => count('coffer_key_operations_total', { operation: 'KeySign', algorithm: 'ES256' });
    // The issuer's keys are looked at once a minute, whoever asks: no part of a request.
    const called = async () =>
      (await count('coffer_grpc_calls_total', { direction: 'client' })) -
      (await count('coffer_grpc_calls_total', {
        direction: 'client',
        method: '/coffer.identity.v1.SigningKeys/Published',
      }));
    // The notifier of new keys asks for the name of a vault once, when their event comes back from Kafka: no part either.
    const vaultAsked = () =>
      count('coffer_grpc_calls_total', { direction: 'client', method: '/coffer.vaults.v1.VaultDirectory/ById' });
    for (const end = Date.now() + 100_000; (await vaultAsked()) === 0 && Date.now() < end;) await sleep(50);
    const hits = () => count('coffer_cache_lookups_total', { cache: 'KeyCache', result: 'hit' });
    const hitsBefore = await hits();
    const [signedBefore, calledBefore] = [await signed(), await called()];
    for (let i = 0; i < 100; i += 1) expect((await sign()).status).toBe(200);
    expect((await signed()) - signedBefore).toBe(100);
    expect((await called()) - calledBefore).toBe(0);
    expect(calledBefore).toBeGreaterThan(0);
    // Each key is looked up once for each signature: from memory.
    expect((await hits()) - hitsBefore).toBe(100);
    for (const gateway of gateways) {
      for (const owner of ['crypto-gateway', 'vault-management']) {
        const seconds = await metric(gateway, 'coffer_lease_remaining_seconds', { owner });
        expect(seconds).toBeGreaterThan(0);
        expect(seconds).toBeLessThanOrEqual(LEASE_SECONDS);
      }
    }
  });
});
