import { AccessAdministration } from '@coffer/access-feature';
import { IdentityAdministration, newClientSecret, type Administrator } from '@coffer/identity-feature';
import { systemClock } from '@coffer/kernel';
import type { HandlersOf, Hosts, managementOperations } from '@coffer/wire';
import type { INestApplicationContext } from '@nestjs/common';
import type { Config } from './config/schema.js';
import type { DataDirectory } from './data-directory.js';
import { dev } from './dev.js';
import { rememberedSecret, writeEnvironmentFile } from './environment-file.js';
import type { VaultManagement } from './services/vault-management.js';
import { callAsSystem, type SystemCaller } from './system-context.js';

export interface FirstStartContext {
  readonly config: Config;
  readonly container: INestApplicationContext;
  readonly directory: DataDirectory;
  readonly hosts: Hosts;
  readonly vaults: VaultManagement;
}

export interface FirstStartResult {
  readonly administrator: Administrator;
  /** To be shown; present when the administrator was made by this start, or is the fixed one of --dev. */
  readonly secret: string | undefined;
  readonly vaultName: string;
}

const RESOURCE_GROUP = 'default';
const VAULT_NAME = 'my-vault';

/**
 * Makes what an installation begins with: the administrator with their roles, and a first vault (docs/adr/0002). Every step
 * may be repeated, so that a crash between any two of them is mended by the next start.
 */
export async function firstStart(context: FirstStartContext): Promise<FirstStartResult> {
  const { config, container, directory } = context;
  const identity = container.get(IdentityAdministration);
  const vaultName = config.dev ? dev.vaultName : VAULT_NAME;
  const known = await identity.administrator();
  if (known !== undefined && (await isSetUp(context, vaultName))) {
    return { administrator: known, secret: config.dev ? dev.administrator.secret : undefined, vaultName };
  }
  const secret = config.dev ? dev.administrator.secret : await secretToUse(directory.environmentFile);
  const options = config.dev ? dev.administrator : { secret };
  const { created, ...administrator } = await identity.ensureAdministrator(options);
  await container.get(AccessAdministration).assignOwner(administrator.objectId);
  await makeFirstVault(context, administrator.objectId, vaultName);
  const shown = created || config.dev || (await identity.accepts(administrator.appId, secret));
  return { administrator, secret: shown ? secret : undefined, vaultName };
}

/** Written down before it is used: a crash after the administrator was made must not lose the only copy. */
async function secretToUse(environmentFile: string): Promise<string> {
  const remembered = await rememberedSecret(environmentFile);
  if (remembered !== undefined) return remembered;
  const secret = newClientSecret();
  await writeEnvironmentFile(environmentFile, [`AZURE_CLIENT_SECRET=${secret}`]);
  return secret;
}

async function isSetUp({ container, vaults }: FirstStartContext, vaultName: string): Promise<boolean> {
  // An operator may have deleted the vault since: that is theirs to do, and its events stand in the log.
  const { rows } = await vaults.core.database.query<{ found: boolean }>(
    "SELECT EXISTS (SELECT 1 FROM events WHERE type = 'VaultCreated') AS found",
  );
  if (rows[0]?.found === true) return true;
  return (await vaults.directory(container).byName(vaultName)) !== undefined;
}

const everyPermission = {
  keys: ['all', 'purge'],
  secrets: ['all', 'purge'],
  certificates: ['all', 'purge'],
  storage: [],
};

async function makeFirstVault(context: FirstStartContext, administrator: string, vaultName: string): Promise<void> {
  const { config, container, directory, hosts, vaults } = context;
  const { tenantId, subscriptionId } = directory.installation;
  const { region: location } = config;
  const caller: SystemCaller = {
    service: vaults.core.name,
    audit: vaults.core.audit,
    clock: systemClock,
    region: location,
    tenantId,
    baseUrl: hosts.url('management'),
  };
  const handlers: HandlersOf<typeof managementOperations> = vaults.management(container).handlers;
  const group = { subscriptionId, resourceGroup: RESOURCE_GROUP };
  const policy = { tenantId, objectId: administrator, permissions: everyPermission };
  const properties = { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [policy] };
  await callAsSystem(caller, handlers, 'SubscriptionPut', {
    params: { subscriptionId },
    body: { displayName: 'Coffer' },
  });
  await callAsSystem(caller, handlers, 'ResourceGroupPut', { params: group, body: { location } });
  await callAsSystem(caller, handlers, 'VaultPut', {
    params: { ...group, vaultName },
    body: { location, properties },
  });
}
