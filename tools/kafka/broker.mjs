import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { portsFrom } from '../split/ports.mjs';
import { kafkaJars, needs } from './jars.mjs';

const run = promisify(execFile);

/**
 * @typedef {object} BrokerOptions
 * @property {string} directory Holds the data; a start on the same directory goes on with them.
 * @property {number} [port] Default: a free one.
 * @property {number} [controllerPort] Default: a free one.
 * @property {number} [secondPort] Port of a second listener, for clients behind a forward.
 * @property {number} [secondAdvertisedPort] The port of that forward.
 * @property {Readonly<Record<string, string>>} [users] Passwords by user name (SCRAM-SHA-512), set when the storage is formatted:
 *   clients must sign in, and may do what they have been granted; `admin` may do everything.
 * @property {boolean} [tls] Every listener speaks TLS; `properties` says how, and who may do what.
 * @property {string} [properties] Further lines of server.properties; they win.
 *
 * @typedef {object} BrokerFiles What it takes to run a prepared broker.
 * @property {string} command
 * @property {readonly string[]} args
 * @property {RegExp} ready Line of its output that says that it serves.
 * @property {readonly string[]} brokers `host:port` for clients.
 */

/**
 * Prepares a broker of one node on loopback: jars, properties, formatted storage. Throws MissingError.
 * @param {BrokerOptions} options @returns {Promise<BrokerFiles>}
 */
export async function prepareBroker(options) {
  const { directory } = options;
  await needs('java', ['-version'], 'Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless)');
  const jars = await kafkaJars();
  const freePort = portsFrom();
  const port = options.port ?? (await freePort());
  const controllerPort = options.controllerPort ?? (await freePort());
  await mkdir(directory, { recursive: true });
  const file = path.join(directory, 'server.properties');
  await writeFile(file, properties({ ...options, port, controllerPort }));
  // The second compiler for what is hot alone, four times as hot as usual: it would hold up the start by seconds, and
  // without it TLS costs as much as the rest of the broker many times over (its AES has no instructions for it).
  const compiler = [
    '-XX:Tier4InvocationThreshold=20000',
    '-XX:Tier4MinInvocationThreshold=2400',
    '-XX:Tier4CompileThreshold=60000',
    '-XX:Tier4BackEdgeThreshold=160000',
  ];
  const java = (main, ...args) => [
    '-XX:+UseSerialGC',
    ...compiler,
    '-Xmx256m',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
    '-cp',
    path.join(jars, 'libs', '*'),
    main,
    ...args,
  ];
  if (!existsSync(path.join(directory, 'data/meta.properties'))) {
    const id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
    await run(
      'java',
      java('kafka.tools.StorageTool', 'format', `--cluster-id=${id}`, '-c', file, ...scramUsers(options.users)),
    );
  }
  return {
    command: 'java',
    args: java('kafka.Kafka', file),
    ready: /Kafka Server started/,
    brokers: [`127.0.0.1:${port}`],
  };
}

/**
 * A running broker. @param {BrokerOptions & { onLine?: (line: string) => void }} options
 * @returns {Promise<{ brokers: readonly string[], pid: number, stop(): Promise<void>, kill(): Promise<void> }>}
 */
export async function startBroker(options) {
  const { command, args, ready, brokers } = await prepareBroker(options);
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  const closed = once(child, 'close');
  await new Promise((resolve, reject) => {
    const onLine = (line) => {
      lines.push(line);
      options.onLine?.(line);
      if (ready.test(line)) resolve();
    };
    createInterface({ input: child.stdout }).on('line', onLine);
    createInterface({ input: child.stderr }).on('line', onLine);
    child.once('error', reject);
    child.once('close', (code) => {
      reject(new Error(`Kafka ended with ${code} before it served:\n${lines.slice(-20).join('\n')}`));
    });
  });
  const end = async (signal) => {
    child.kill(signal);
    await closed;
  };
  return { brokers, pid: child.pid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

function scramUsers(users = {}) {
  return Object.entries(users).flatMap(([name, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ]);
}

const SECURED = `
listener.security.protocol.map=PLAINTEXT:SASL_PLAINTEXT,SECOND:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin;User:ANONYMOUS
`;

function properties({
  directory,
  port,
  controllerPort,
  secondPort,
  secondAdvertisedPort,
  users,
  tls = false,
  properties: more = '',
}) {
  const login = users === undefined ? '' : jaas(users);
  const protocol = tls ? 'SSL' : 'PLAINTEXT';
  const second = secondPort === undefined ? [] : [`SECOND://127.0.0.1:${secondPort}`];
  const forwarded = secondPort === undefined ? [] : [`SECOND://127.0.0.1:${secondAdvertisedPort ?? secondPort}`];
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=${[`${protocol}://127.0.0.1:${port}`, ...second, `CONTROLLER://127.0.0.1:${controllerPort}`].join(',')}
advertised.listeners=${[`${protocol}://127.0.0.1:${port}`, ...forwarded].join(',')}
listener.security.protocol.map=${[protocol, 'SECOND', 'CONTROLLER'].map((name) => `${name}:${protocol}`).join(',')}
inter.broker.listener.name=${protocol}
log.dirs=${path.join(directory, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
${login}${more}
`;
}

/** How the broker signs in with itself. */
function jaas({ admin = '' }) {
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  return `${SECURED}listener.name.plaintext.scram-sha-512.sasl.jaas.config=${module} required username="admin" password="${admin}";
`;
}
