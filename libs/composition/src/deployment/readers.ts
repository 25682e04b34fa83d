import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { topics } from '@coffer/contracts';
import { grantTopics, kafkaTlsFiles } from '@coffer/messaging-kafka';
import { ensureServiceCertificates } from '@coffer/tls';
import type { Command } from 'commander';
import { ConfigError } from '../config/load.js';
import { copyPair } from './containers.js';
import { edgeUpstreams } from './edge.js';
import { adminCertificates, BROKER, BROKER_ADMIN } from './kafka.js';

/** Names that stand for something else in certificates, or in the directory that they lie in. */
const TAKEN: readonly string[] = [...edgeUpstreams, 'edge', BROKER, BROKER_ADMIN, 'service-ca'];

interface GrantOptions {
  readonly topic: string;
  readonly group?: string;
  readonly certificates: string;
}

/** `coffer-admin deployment reader` and `grant`: how others than the services of Coffer get to read a topic. */
export function addReaderCommands(deployment: Command): void {
  deployment
    .command('reader <state> <name> <out>')
    .description('makes the certificate of a reader of topics, who is no service of Coffer: it opens the brokers alone')
    .action((state: string, name: string, out: string) => readerCertificate(state, name, out));
  deployment
    .command('grant <brokers> <name>')
    .description('lets a reader read one topic, in one consumer group')
    .option('--topic <topic>', 'the topic', topics.audit)
    .option('--group <group>', 'the consumer group; default: the name of the reader')
    .requiredOption('--certificates <directory>', 'of kafka-admin: its own, or the services of a deployment')
    .action(async (brokers: string, name: string, { topic, group = name, certificates }: GrantOptions) => {
      checkName(name);
      const tls = kafkaTlsFiles(adminCertificates(certificates));
      const connection = { brokers: brokers.split(','), clientId: BROKER_ADMIN, tls };
      await grantTopics(connection, [{ service: name, topic, operation: 'read', group }]);
    });
}

async function readerCertificate(state: string, name: string, out: string): Promise<void> {
  checkName(name);
  const directory = path.join(state, 'services');
  const { caFile, services } = await ensureServiceCertificates({ directory, services: [name] });
  const pair = services[name];
  if (pair === undefined) throw new Error(`there is no certificate for ${name}`);
  await mkdir(out, { recursive: true, mode: 0o700 });
  await copyPair(caFile, pair, out);
}

/** Brokers take no other form of name from a certificate (`brokerSecurity`). */
function checkName(name: string): void {
  if (!/^[a-z0-9-]{1,63}$/.test(name)) {
    throw new ConfigError([`"${name}" cannot be a reader's name: a-z, 0-9 and -, 63 characters at most.`]);
  }
  if (TAKEN.includes(name)) throw new ConfigError([`"${name}" is the name of a part of Coffer.`]);
}
