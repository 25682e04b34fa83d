import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kafkaJars } from '../../tools/kafka/jars.mjs';
import { freePort } from './coffer.js';

const run = promisify(execFile);
const ADMIN = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
/** Default of the image's own scripts. */
const CLUSTER_ID = '5L6g3nShT-eMCtK--X86sw';

/** The broker of docker-compose.yml without the container. */
export interface DeployedBroker {
  /** `host:port`. */
  readonly address: string;
  /** Holds what each container of the deployment has as its own, by its name. */
  readonly files: string;
  /** What the deployment keeps for itself. */
  readonly state: string;
  stop(): Promise<void>;
}

/** `coffer-admin deployment …`; rejects when it ends with another code than 0. */
export async function deployment(...args: string[]): Promise<void> {
  await run(process.execPath, [ADMIN, 'deployment', ...args]);
}

/**
 * Starts what the image apache/kafka would on the files of a deployment: the wrapper of the image (it is in Kafka's jars)
 * puts the configuration together and formats the storage. Other than in a container are the paths and the ports alone.
 */
export async function startDeployedBroker(): Promise<DeployedBroker> {
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-kafka-'));
  const files = path.join(directory, 'out');
  const state = path.join(directory, 'state');
  await deployment('files', state, files);
  const [port, controllerPort] = [await freePort(), await freePort()];
  const own = path.join(files, 'kafka');
  const file = path.join(own, 'server.properties');
  const there = (await readFile(file, 'utf8'))
    .replaceAll('/mnt/shared/config', own)
    .replaceAll('/var/lib/kafka/data', path.join(directory, 'data'))
    .replaceAll(':9092', `:${port}`)
    .replaceAll(':9093', `:${controllerPort}`)
    .replace('SSL://kafka:', 'SSL://127.0.0.1:');
  await writeFile(file, there);
  const [defaults, final] = [path.join(directory, 'defaults'), path.join(directory, 'final')];
  for (const each of [defaults, final]) {
    await mkdir(each);
    for (const name of ['server.properties', 'log4j2.yaml', 'tools-log4j2.yaml'])
      await writeFile(path.join(each, name), '');
  }
  const jars = path.join(await kafkaJars(), 'libs', '*');
  const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', jars];
  const wrapper = ['kafka.docker.KafkaDockerWrapper', 'setup', '-D', defaults, '-M', own, '-F', final];
  const env = { ...process.env, CLUSTER_ID, KAFKA_HEAP_OPTS: '-Xmx512m' };
  await run('java', [...java, ...wrapper], { env });
  const child = spawn('java', [...java, 'kafka.Kafka', path.join(final, 'server.properties')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await closed;
    await rm(directory, { recursive: true, force: true });
  };
  const lines: string[] = [];
  const started = new Promise<void>((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        lines.push(line);
        if (line.includes('Kafka Server started')) resolve();
      });
    }
  });
  const early = closed.then(() => {
    throw new Error(`Kafka ended before it served:\n${lines.slice(-20).join('\n')}`);
  });
  early.catch(() => undefined); // also when it ends later
  await Promise.race([started, early]);
  return { address: `127.0.0.1:${port}`, files, state, stop };
}
