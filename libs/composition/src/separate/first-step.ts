import { readFile } from 'node:fs/promises';
import { AccessAdministration } from '@coffer/access-feature';
import type { Database } from '@coffer/event-sourcing';
import { IdentityAdministration } from '@coffer/identity-feature';
import type { Hosts } from '@coffer/wire';
import type { INestApplicationContext } from '@nestjs/common';
import type { Config } from '../config/schema.js';
import type { ServiceName } from '../service-names.js';
import { dev } from '../dev.js';
import { firstVaultName, hadVault, makeFirstVault } from '../first-vault.js';
import type { ComposedService } from '../services/context.js';
import type { VaultManagement } from '../services/vault-management.js';

export interface FirstStepContext {
  readonly config: Config;
  readonly service: ComposedService;
  readonly container: INestApplicationContext;
  readonly hosts: Hosts;
  readonly tenantId: string;
}

/** Of the transaction-scoped advisory locks of a service's database. */
const LOCK = 0x66697273; // 'firs'

const steps: Readonly<Partial<Record<ServiceName, (context: FirstStepContext) => Promise<void>>>> = {
  identity: makeAdministrator,
  'policy-engine': assignOwner,
  'vault-management': makeVault,
};

/**
 * A service's own part of what an installation begins with, as all services were told it alike (administrator,
 * subscription). Nothing without that. May be repeated; instances over one database take turns.
 */
export async function firstStep(name: ServiceName, context: FirstStepContext): Promise<void> {
  const step = steps[name];
  if (step === undefined || administrator(context.config) === undefined) return;
  await oneAtATime(context.service.core.database, () => step(context));
}

interface AdministratorIds {
  readonly objectId: string;
  readonly appId: string;
}

function administrator(config: Config): AdministratorIds | undefined {
  if (config.dev) return dev.administrator;
  const { administratorObjectId: objectId, administratorAppId: appId } = config;
  return objectId === undefined || appId === undefined ? undefined : { objectId, appId };
}

async function makeAdministrator({ config, container }: FirstStepContext): Promise<void> {
  const identity = container.get(IdentityAdministration);
  if ((await identity.administrator()) !== undefined) return;
  const ids = administrator(config);
  if (ids === undefined) return;
  await identity.ensureAdministrator(config.dev ? dev.administrator : { ...ids, secret: await secretOf(config) });
}

async function secretOf({ administratorSecretFile }: Config): Promise<string> {
  if (administratorSecretFile === undefined) {
    throw new Error('COFFER_ADMINISTRATOR_SECRET_FILE is not set: the first administrator needs a secret.');
  }
  return (await readFile(administratorSecretFile, 'utf8')).trim();
}

async function assignOwner({ config, container }: FirstStepContext): Promise<void> {
  const ids = administrator(config);
  if (ids !== undefined) await container.get(AccessAdministration).assignOwner(ids.objectId);
}

async function makeVault({ config, service, container, hosts, tenantId }: FirstStepContext): Promise<void> {
  const subscriptionId = config.subscriptionId ?? (config.dev ? dev.installation.subscriptionId : undefined);
  const ids = administrator(config);
  const vaults = service as VaultManagement;
  if (ids === undefined || subscriptionId === undefined || (await hadVault({ vaults }))) return;
  await makeFirstVault({
    container,
    vaults,
    hosts,
    tenantId,
    subscriptionId,
    region: config.region,
    administrator: ids.objectId,
    vaultName: firstVaultName(config),
  });
}

function oneAtATime(database: Database, work: () => Promise<void>): Promise<void> {
  return database.transaction(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await work();
  });
}
