import { X509Certificate } from 'node:crypto';
import { accessProjections } from '@coffer/access-feature';
import { principalProjection } from '@coffer/identity-feature';
import {
  openDatabase,
  parkedVaults,
  rebuildProjection,
  createCheckpointStore,
  type PostgresDatabase,
} from '@coffer/event-store-postgres';
import type { InlineProjection } from '@coffer/event-sourcing';
import { keyProjections, releaseCertificates } from '@coffer/keys-feature';
import { systemClock, toUnixSeconds } from '@coffer/kernel';
import { secretProjections } from '@coffer/secrets-feature';
import { vaultProjections } from '@coffer/vaults-feature';
import { Command, CommanderError } from 'commander';
import { loadConfig } from './config/load.js';
import type { Config } from './config/schema.js';
import { addDeploymentCommands } from './deployment/commands.js';
import { resetAdministrator } from './reset-administrator.js';
import { rotateReleaseKey } from './rotate-release-key.js';
import { adminConnection } from './databases.js';
import { serviceNames, type ServiceName } from './service-names.js';

/** Projections by the service that owns them. */
const projections: Readonly<Record<ServiceName, readonly InlineProjection[]>> = {
  'vault-management': [...vaultProjections, ...secretProjections],
  'crypto-gateway': keyProjections,
  'policy-engine': accessProjections,
  'audit-log': [],
  identity: [principalProjection],
};

/** `coffer-admin`: what an operator does to the databases of the services. Exit code 1 with one line for any failure. */
export async function runAdmin(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const program = new Command('coffer-admin')
    .description(
      'Administers the databases of Coffer. Takes the settings of the services from the environment (COFFER_…).',
    )
    .exitOverride();
  const { config } = loadConfig([], env);
  program
    .command('projections')
    .description('lists every projection with the service that owns it')
    .action(() => {
      for (const [service, owned] of Object.entries(projections)) {
        for (const { name, tables } of owned) print(`${name}  (${service}; tables: ${tables.join(', ')})`);
      }
    });
  program
    .command('rebuild <projection>')
    .description('empties a projection and replays the log into it, in one transaction')
    .action((name: string) => rebuild(config, name));
  program
    .command('parked')
    .description('lists vaults that a consumer has set aside because an event could not be applied')
    .action(() => listParked(config));
  program
    .command('release <consumer> <vaultId>')
    .description('takes a vault back; the consumer goes on with it at its next event or start')
    .action((consumer: string, vaultId: string) => release(config, consumer, vaultId));
  program
    .command('reset-administrator')
    .description('gives the administrator a new client secret and prints it; needs the root key')
    .action(async () => {
      const { appId, secret } = await resetAdministrator(config);
      print(`AZURE_CLIENT_ID=${appId}\nAZURE_CLIENT_SECRET=${secret}`);
    });
  program
    .command('release-certificate')
    .description('prints the certificates (PEM) that the answers of key release are signed under, the one in use first')
    .action(() => printReleaseCertificates(config));
  program
    .command('rotate-release-key')
    .description(
      'makes the next key that signs the answers of key release, and prints as release-certificate; needs the root key',
    )
    .option('--after-days <days>', 'when it takes over: time for recipients to pin its certificate; 0 is now', '30')
    .action(async ({ afterDays }: { afterDays: string }) => {
      await rotateReleaseKey(config, afterDays);
      await printReleaseCertificates(config);
    });
  addDeploymentCommands(program, print);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode;
    else fail(error);
  }
}

async function rebuild(config: Config, name: string): Promise<void> {
  for (const service of serviceNames) {
    const projection = projections[service].find((candidate) => candidate.name === name);
    if (projection === undefined) continue;
    await withDatabase(config, service, async (database) => {
      const applied = await rebuildProjection(database, projection);
      print(`${name}: ${applied} events applied`);
    });
    return;
  }
  throw new Error(`There is no projection ${name}: see coffer-admin projections.`);
}

async function listParked(config: Config): Promise<void> {
  for (const service of serviceNames) {
    await withDatabase(config, service, async (database) => {
      for (const { consumer, vaultId, atSeq, error } of await parkedVaults(database)) {
        print(`${consumer}  ${vaultId}  at ${atSeq}  ${error}`);
      }
    });
  }
}

async function release(config: Config, consumer: string, vaultId: string): Promise<void> {
  const service = serviceNames.find((name) => name === consumer);
  if (service === undefined) throw new Error(`There is no consumer ${consumer}: ${serviceNames.join(', ')}.`);
  await withDatabase(config, service, async (database) => {
    const released = await createCheckpointStore(database).release(consumer, vaultId);
    if (!released) throw new Error(`${vaultId} is not parked for ${consumer}.`);
    print(`${vaultId}: released`);
  });
}

async function printReleaseCertificates(config: Config): Promise<void> {
  await withDatabase(config, 'crypto-gateway', async (database) => {
    const now = toUnixSeconds(systemClock.now());
    const certificates = await releaseCertificates(database, now);
    if (certificates.length === 0) throw new Error('No key has been released yet: the first release makes it.');
    for (const { certificate, from, until } of certificates) {
      const end = until === undefined ? '' : ` until ${isoTime(until)}`;
      print(`# ${from > now ? 'will sign' : 'signs'} from ${isoTime(from)}${end}`);
      print(new X509Certificate(certificate).toString().trim());
    }
  });
}

function isoTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}

async function withDatabase(
  config: Config,
  service: ServiceName,
  work: (database: PostgresDatabase) => Promise<void>,
): Promise<void> {
  const database = openDatabase({ connection: adminConnection(config, service), max: 2 });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
