import { mkdir, writeFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deploymentTools } from '@coffer/composition';
import { prepareBroker } from '../kafka/broker.mjs';
import { MissingError } from '../kafka/jars.mjs';
import { findNginx } from './nginx.mjs';
import { portsFrom, untilListening } from './ports.mjs';
import { Supervised } from './supervised.mjs';
import { layOut, serviceEnvironment } from './topology.mjs';

const apps = fileURLToPath(new URL('../../apps/', import.meta.url));

/**
 * Runs until SIGINT or SIGTERM; ends with 0, or with 1 when something is missing or did not stop by itself.
 *
 * @param {object} options
 * @param {boolean} options.dev
 * @param {string | undefined} options.dataDir
 * @param {number} options.port
 * @param {string} options.domain
 * @param {number} options.instances
 * @param {number | undefined} options.basePort
 * @param {number | undefined} options.kafkaForwardPort
 * @param {string} options.logLevel
 */
export async function runSplit(options) {
  const stopped = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
  });
  const split = new Split(options);
  try {
    await Promise.race([split.start(), stopped]);
    await stopped;
  } catch (error) {
    process.stderr.write(`${error instanceof MissingError ? error.message : (error.stack ?? error)}\n`);
    process.exitCode = 1;
  }
  await split.stop();
  process.exit();
}

class Split {
  #processes = [];
  #instances = [];
  #kafka = { pid: undefined, brokers: [] };
  #edge = { pid: undefined };
  #postgres;
  #writing = Promise.resolve();

  constructor(options) {
    this.options = options;
    this.root = path.resolve(options.dataDir ?? defaultDirectory());
  }

  async start() {
    const { options } = this;
    const nginx = await findNginx();
    const tools = await deploymentTools();
    const ports = portsFrom(options.basePort);
    // The edge's is free until the edge starts, which is last.
    const nextPort = async () => {
      const port = await ports();
      return port === options.port ? ports() : port;
    };
    const deployment = await tools.initDeployment({
      directory: this.root,
      domain: options.domain,
      publicPort: options.port,
      dev: options.dev,
    });
    this.#instances = await layOut(options.instances, nextPort);
    const [server] = await Promise.all([
      tools.startEmbeddedPostgres({ directory: deployment.directory.postgres, log: () => {} }).then(async (server) => {
        this.#postgres = server;
        await tools.provisionEmbedded(server);
        return server;
      }),
      this.#startKafka(tools, nextPort, deployment.services),
    ]);
    const overrides = JSON.parse(process.env.SPLIT_OVERRIDES ?? '{}');
    const programs = JSON.parse(process.env.SPLIT_PROGRAMS ?? '{}');
    const services = inOrder(this.#instances, process.env.SPLIT_START_ORDER).map(({ instance, before }) =>
      this.#supervise(
        {
          name: instance.name,
          command: process.execPath,
          args: [programs[instance.name] ?? path.join(apps, instance.service, 'dist/main.js')],
          env: {
            ...environment(),
            ...serviceEnvironment({ instance, instances: this.#instances, options, deployment, root: this.root }),
            ...databaseEnvironment(instance.service, server.host),
            COFFER_KAFKA_BROKERS: this.#kafka.brokers.join(','),
            ...(this.#kafka.admin === undefined ? {} : { COFFER_KAFKA_TLS: 'true' }),
            ...overrides[instance.name],
          },
          ready: /^Coffer is ready/,
          onPid: (pid) => {
            instance.pid = pid;
          },
        },
        before,
      ),
    );
    await Promise.all(services.map((service) => service.ready));
    await this.#startEdge(nginx, tools, deployment).ready;
    await untilListening(options.port);
    await this.#write();
    this.#announce(deployment);
  }

  async stop() {
    // The edge last: what is still asked gets an answer.
    const [edge, ...rest] = [...this.#processes].reverse();
    const ended = await Promise.all(rest.filter(({ options }) => options.name !== 'kafka').map((each) => each.stop()));
    await edge?.stop();
    await this.#processes.find(({ options }) => options.name === 'kafka')?.stop();
    await this.#postgres?.stop();
    await this.#writing;
    if (ended.some((code) => code !== 0 && code !== undefined)) process.exitCode = 1;
  }

  async #startKafka(tools, nextPort, certificates) {
    const given = process.env.KAFKA_BROKERS;
    if (given) this.#kafka.brokers = given.split(',');
    else {
      const forward = this.options.kafkaForwardPort;
      const secondPort = forward === undefined ? undefined : await nextPort();
      const directory = path.join(this.root, 'kafka');
      const stores = await tools.kafka.writeBrokerStores(certificates, directory);
      const broker = await prepareBroker({
        directory,
        port: await nextPort(),
        controllerPort: await nextPort(),
        tls: true,
        properties: tools.kafka.brokerSecurity(stores),
        ...(forward === undefined ? {} : { secondPort, secondAdvertisedPort: forward }),
      });
      const { caFile, services } = certificates;
      const admin = { caFile, ...services[tools.kafka.BROKER_ADMIN] };
      this.#kafka = { pid: undefined, brokers: broker.brokers, secondPort, admin };
      await this.#supervise({
        name: 'kafka',
        command: broker.command,
        args: broker.args,
        env: environment(),
        ready: broker.ready,
        onPid: (pid) => {
          this.#kafka.pid = pid;
        },
        stopSignal: 'SIGKILL', // it takes seconds to say goodbye, and its log is safe
      }).ready;
    }
    await tools.kafka.prepareTopics(this.#kafka);
  }

  #startEdge(nginx, tools, deployment) {
    const directory = path.join(this.root, 'edge');
    const file = path.join(directory, 'nginx.conf');
    const upstreams = {};
    for (const { service, httpPort } of this.#instances) (upstreams[service] ??= []).push(`127.0.0.1:${httpPort}`);
    const configuration = tools.edgeConfiguration({
      domain: this.options.domain,
      listen: [`127.0.0.1:${this.options.port}`, `[::1]:${this.options.port}`],
      upstreams,
      certificate: deployment.publicTls,
      service: { ...deployment.services.services.edge, caFile: deployment.services.caFile },
      directory,
    });
    const edge = this.#supervise(
      {
        name: 'edge',
        command: nginx,
        args: ['-e', 'stderr', '-p', directory, '-c', file],
        env: environment(),
        onPid: (pid) => {
          this.#edge.pid = pid;
        },
        stopSignal: 'SIGQUIT',
      },
      mkdir(directory, { recursive: true }).then(() => writeFile(file, configuration)),
    );
    return edge;
  }

  #supervise(options, before = Promise.resolve()) {
    const one = new Supervised({
      ...options,
      onLine: (line) => process.stderr.write(`${options.name}: ${line}\n`),
      onPid: (pid) => {
        options.onPid(pid);
        void this.#write();
      },
    });
    this.#processes.push(one);
    void before.then(() => one.start());
    return one;
  }

  /** Whole or not at all, and in the order of what happened. */
  #write() {
    const state = JSON.stringify({ instances: this.#instances, kafka: this.#kafka, edge: this.#edge });
    this.#writing = this.#writing
      .then(async () => {
        const file = path.join(this.root, 'split.json');
        await writeFile(`${file}.next`, state);
        await rename(`${file}.next`, file);
      })
      .catch(() => {});
    return this.#writing;
  }

  #announce({ vaultUrl, directory, environmentLines, created }) {
    const shown = environmentLines.filter(
      (line) => created || this.options.dev || !line.startsWith('AZURE_CLIENT_SECRET='),
    );
    process.stdout.write(
      [
        `Coffer is ready: ${vaultUrl}`,
        '',
        `Environment of the official clients, also in ${directory.environmentFile}:`,
        ...shown.map((line) => `  ${line}`),
        '',
        '',
      ].join('\n'),
    );
  }
}

/** Every instance with what it waits for: nothing, or that the services before its own in the order listen. */
function inOrder(instances, order) {
  if (order === undefined) return instances.map((instance) => ({ instance }));
  let before = Promise.resolve();
  return order.split(',').flatMap((service) => {
    const own = instances.filter((instance) => instance.service === service);
    const waits = own.map((instance) => ({ instance, before }));
    before = before.then(() => Promise.all(own.map(({ httpPort }) => untilListening(httpPort))));
    return waits;
  });
}

/** What the services inherit: nothing that this program alone is told. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SPLIT_|KAFKA_)/.test(name)));
}

function databaseEnvironment(service, socketDirectory) {
  const role = `coffer_${service.replaceAll('-', '_')}`;
  const variable = `COFFER_DATABASE_URL_${service.replaceAll('-', '_').toUpperCase()}`;
  return { [variable]: `postgres://${role}@/${role}?host=${encodeURIComponent(socketDirectory)}` };
}

function defaultDirectory() {
  const data = process.env.XDG_DATA_HOME ?? path.join(homedir(), '.local/share');
  return process.getuid?.() === 0 ? '/var/lib/coffer-split' : path.join(data, 'coffer-split');
}
