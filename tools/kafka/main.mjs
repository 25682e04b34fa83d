/**
 * `npm run kafka [-- --port N --data-dir DIR]`: a real Kafka broker for development and tests, until Ctrl-C. Takes the one
 * that KAFKA_BROKERS names, else the image apache/kafka where a Docker engine answers, else the jars (Java 17, Maven).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startBroker } from './broker.mjs';
import { startContainer } from './container.mjs';
import { MissingError } from './jars.mjs';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '9092' }, 'data-dir': { type: 'string' } },
});

async function start() {
  const given = process.env.KAFKA_BROKERS;
  if (given !== undefined && given !== '') return { brokers: given.split(','), stop: async () => {} };
  const port = Number(values.port);
  const container = await startContainer(port);
  if (container !== undefined) return container;
  const kept = values['data-dir'];
  const directory = kept ?? (await mkdtemp(path.join(tmpdir(), 'coffer-kafka-')));
  const broker = await startBroker({ directory, port });
  return {
    brokers: broker.brokers,
    stop: async () => {
      await broker.stop();
      if (kept === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

try {
  const { brokers, stop } = await start();
  process.stdout.write(`Kafka is ready: ${brokers.join(',')}\n`);
  const alive = setInterval(() => {}, 2 ** 30);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      clearInterval(alive);
      void stop();
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof MissingError ? error.message : (error.stack ?? error)}\n`);
  process.exitCode = 1;
}
