import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { topics, topicsOf } from '@coffer/contracts';
import { newId } from '@coffer/kernel';
import { createKafkaFeed, grantTopics, kafkaTlsFiles, openKafka, type KafkaTls } from '@coffer/messaging-kafka';
import { Inbox } from '@coffer/testing';
import { deployment, startDeployedBroker, type DeployedBroker } from '../support/deployed-broker.js';

let broker: DeployedBroker;
let scratch: string;
beforeAll(async () => {
  broker = await startDeployedBroker();
  scratch = await mkdtemp(path.join(tmpdir(), 'coffer-kafka-tls-'));
  await deployment('topics', broker.address, '--certificates', path.join(broker.files, 'topics'));
}, 120_000);
afterAll(async () => {
  await broker.stop();
  await rm(scratch, { recursive: true, force: true });
});

const filesIn = (directory: string) => ({
  caFile: path.join(directory, 'service-ca.pem'),
  certificateFile: path.join(directory, 'service.pem'),
  keyFile: path.join(directory, 'service.key'),
});
const tlsOf = (service: string) => kafkaTlsFiles(filesIn(path.join(broker.files, service)));

async function topicsSeen(tls?: () => KafkaTls): Promise<readonly string[]> {
  const connection = { brokers: [broker.address], clientId: 'spec', ...(tls === undefined ? {} : { tls }) };
  const admin = openKafka(connection, () => undefined).admin({ retry: { retries: 5, maxRetryTime: 1_000 } });
  try {
    await admin.connect();
    return (await admin.listTopics()).filter((topic) => topic.startsWith('coffer.')).sort();
  } finally {
    await admin.disconnect();
  }
}
const message = (id: string) => ({
  topic: topics.audit,
  key: 'k',
  id,
  type: 'T',
  seq: 1,
  time: '2026-03-01T12:00:00.000Z',
  body: {},
});
const needed = (service: string) =>
  topicsOf(service)
    .map(({ topic }) => topic)
    .sort();

describe('the broker of the deployment', () => {
  it.each(['vault-management', 'crypto-gateway', 'policy-engine', 'audit-log', 'identity'])(
    'shows %s the topics that it needs alone, by the files of its container',
    async (service) => {
      expect(needed(service).length).toBeGreaterThan(0);
      expect(await topicsSeen(tlsOf(service))).toEqual(needed(service));
    },
  );

  it('carries an audit record from one service to the audit log', async () => {
    const feeds = ['identity', 'audit-log'].map((service) =>
      createKafkaFeed({
        connection: { brokers: [broker.address], clientId: service, tls: tlsOf(service) },
        source: service,
      }),
    );
    try {
      const inbox = new Inbox();
      await feeds[1]?.subscribe({ topics: [topics.audit], group: 'audit-log' }, inbox.take);
      const sent = message(newId());
      await feeds[0]?.publish([sent]);
      await inbox.has([sent.id]);
    } finally {
      await Promise.all(feeds.map((feed) => feed.close()));
    }
  });

  it('does not speak plain text, and takes nobody without a certificate', async () => {
    const { ca } = tlsOf('identity')();
    const answers = await Promise.allSettled([topicsSeen(), topicsSeen(() => ({ ca }))]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('listens on nothing but TLS, and to its controller on loopback alone', async () => {
    const lines = (await readFile(path.join(broker.files, 'kafka/server.properties'), 'utf8')).split('\n');
    const value = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
    expect(
      value('listeners')
        .split(',')
        .map((listener) => listener.replace(/\d+$/, '')),
    ).toEqual(['SSL://:', 'CONTROLLER://localhost:']);
    expect(value('listener.security.protocol.map')).toBe('SSL:SSL,CONTROLLER:SSL');
    expect(value('super.users')).toBe('User:kafka;User:kafka-admin');
  });

  it('withdraws what a service was granted beyond its needs, as often as the deployment is set up', async () => {
    const admin = {
      brokers: [broker.address],
      clientId: 'spec',
      tls: kafkaTlsFiles(filesIn(path.join(broker.files, 'topics'))),
    };
    const more = { topic: topics.vaults, operation: 'read', group: 'more' } as const;
    await grantTopics(
      admin,
      ['policy-engine', 'stranger'].map((service) => ({ service, ...more })),
    );
    expect(await topicsSeen(tlsOf('policy-engine'))).toEqual([...needed('policy-engine'), topics.vaults].sort());
    await deployment('topics', broker.address, '--certificates', path.join(broker.files, 'topics'));
    expect(await topicsSeen(tlsOf('policy-engine'))).toEqual(needed('policy-engine'));
  });
});

describe('a reader who is no service of Coffer', () => {
  const reader = () => path.join(scratch, 'siem');
  const connection = () => ({ brokers: [broker.address], clientId: 'siem', tls: kafkaTlsFiles(filesIn(reader())) });
  const admin = () => ['--certificates', path.join(broker.state, 'services')];

  it('has a certificate that shows nothing, until the audit topic is granted: that, and nothing else', async () => {
    await deployment('reader', broker.state, 'siem', reader());
    expect((await stat(filesIn(reader()).keyFile)).mode & 0o777).toBe(0o600);
    expect(await topicsSeen(connection().tls)).toEqual([]);
    await deployment('grant', broker.address, 'siem', ...admin());
    expect(await topicsSeen(connection().tls)).toEqual([topics.audit]);

    const id = newId();
    const own = { brokers: [broker.address], clientId: 'identity', tls: tlsOf('identity') };
    const feeds = [
      createKafkaFeed({ connection: own, source: 'identity' }),
      createKafkaFeed({ connection: connection(), source: 'siem' }),
    ];
    try {
      const inbox = new Inbox();
      await feeds[1]?.subscribe({ topics: [topics.audit], group: 'siem' }, inbox.take);
      await feeds[0]?.publish([message(id)]);
      await inbox.has([id]);
      await expect(feeds[1]?.publish([message(newId())])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    } finally {
      await Promise.all(feeds.map((feed) => feed.close()));
    }
  });

  it.each(['crypto-gateway', 'edge', 'kafka', 'kafka-admin', 'service-ca', '../x', 'A', ''])(
    'is not called "%s"',
    async (name) => {
      const out = path.join(scratch, 'refused');
      const why = { code: 1, stderr: expect.stringMatching(/cannot be a reader's name|part of Coffer/) as string };
      await expect(deployment('reader', broker.state, name, out)).rejects.toMatchObject(why);
      await expect(deployment('grant', broker.address, name, ...admin())).rejects.toMatchObject(why);
    },
  );
});

describe('a replaced certificate', () => {
  it('is used from the next connection on, as soon as certificate and key fit each other', async () => {
    const own = filesIn(scratch);
    const take = async (service: string, ...which: (keyof typeof own)[]) => {
      const from = filesIn(path.join(broker.files, service));
      for (const file of which) await copyFile(from[file], own[file]);
    };
    await take('identity', 'caFile', 'certificateFile', 'keyFile');
    const tls = kafkaTlsFiles(own);
    expect(await topicsSeen(tls)).toEqual(needed('identity'));
    await take('crypto-gateway', 'keyFile');
    expect(await topicsSeen(tls)).toEqual(needed('identity'));
    await take('crypto-gateway', 'certificateFile');
    expect(await topicsSeen(tls)).toEqual(needed('crypto-gateway'));
  });

  it('is named when there has never been a good one', () => {
    const own = filesIn(path.join(scratch, 'nothing'));
    expect(kafkaTlsFiles(own)).toThrow(own.certificateFile);
  });
});
