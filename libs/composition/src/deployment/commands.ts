import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { provisionServices } from '@coffer/event-store-postgres';
import type { Command } from 'commander';
import { replaceFile } from '../data-directory.js';
import { containerDatabases, writeContainerFiles } from './containers.js';
import { initDeployment } from './init.js';
import { adminCertificates, prepareTopics } from './kafka.js';
import { addReaderCommands } from './readers.js';

interface FilesOptions {
  readonly domain: string;
  readonly port: string;
  readonly dev: boolean;
}

/** `coffer-admin deployment …`: what docker-compose.yml runs once, each step repeatable. */
export function addDeploymentCommands(program: Command, print: (line: string) => void): void {
  const deployment = program.command('deployment').description('sets up separate services in containers');
  deployment
    .command('files <state> <out>')
    .description('makes ids, certificates and passwords that are missing, and writes each container its own directory')
    .option('--domain <name>', 'DNS name of the installation', 'localhost')
    .option('--port <n>', 'public TLS port', '8443')
    .option('--dev', 'fixed credentials, for tests only', false)
    .action(async (state: string, out: string, { domain, port, dev }: FilesOptions) => {
      const options = { directory: state, domain, publicPort: Number(port), dev };
      await writeContainerFiles(options, await initDeployment(options), out);
      await postgresPassword(path.join(out, 'postgres'));
    });
  deployment
    .command('databases <out> <host>')
    .description('makes the roles and databases of the services')
    .action(async (out: string, host: string) => {
      const password = (await readFile(path.join(out, 'postgres/password'), 'utf8')).trim();
      const server = { host, user: 'postgres', password, database: 'postgres' };
      await provisionServices(server, await containerDatabases(out));
    });
  deployment
    .command('topics <brokers>')
    .description(
      'makes the topics that are missing, and the grants of services (brokers: host:port, separated by commas)',
    )
    .option('--replication <n>', 'copies of each partition', '1')
    .option('--certificates <directory>', 'service-ca.pem, service.pem, service.key; without, plain text and no grants')
    .action((brokers: string, { replication, certificates }: { replication: string; certificates?: string }) =>
      prepareTopics({
        brokers: brokers.split(','),
        replication: Number(replication),
        ...(certificates === undefined ? {} : { admin: adminCertificates(certificates) }),
      }),
    );
  addReaderCommands(deployment);
  deployment
    .command('welcome <state>')
    .description('says where to sign in, and what clients must trust')
    .action(async (state: string) => {
      const environment = await readFile(path.join(state, 'coffer.env'), 'utf8');
      const lines = environment.split('\n').filter((line) => !line.includes(state));
      print(`Coffer is ready. Environment of the official clients:\n\n${lines.join('\n')}`);
      print(`They must trust this CA (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, REQUESTS_CA_BUNDLE name a file with it):\n`);
      print(await readFile(path.join(state, 'tls/ca.pem'), 'utf8'));
    });
}

const PASSWORD_BYTES = 24;

async function postgresPassword(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const file = path.join(directory, 'password');
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known === '') await replaceFile(file, `${randomBytes(PASSWORD_BYTES).toString('base64url')}\n`, 0o600);
}
