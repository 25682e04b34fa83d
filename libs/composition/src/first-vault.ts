import { systemClock } from '@coffer/kernel';
import type { HandlersOf, Hosts, managementOperations } from '@coffer/wire';
import type { INestApplicationContext } from '@nestjs/common';
import { dev } from './dev.js';
import type { VaultManagement } from './services/vault-management.js';
import { callAsSystem, type SystemCaller } from './system-context.js';

export interface FirstVaultContext {
  readonly container: INestApplicationContext;
  readonly vaults: VaultManagement;
  readonly hosts: Hosts;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** ARM location of the vault. */
  readonly region: string;
  /** Object id of who may do everything in it. */
  readonly administrator: string;
  readonly vaultName: string;
}

const RESOURCE_GROUP = 'default';
const VAULT_NAME = 'my-vault';

export function firstVaultName(config: { readonly dev: boolean }): string {
  return config.dev ? dev.vaultName : VAULT_NAME;
}

/**
 * True when the installation has, or once had, a vault: an operator may have deleted the first one, which is theirs to do,
 * and its events stand in the log.
 */
export async function hadVault({ vaults }: Pick<FirstVaultContext, 'vaults'>): Promise<boolean> {
  const { rows } = await vaults.core.database.query<{ found: boolean }>(
    "SELECT EXISTS (SELECT 1 FROM events WHERE type = 'VaultCreated') AS found",
  );
  return rows[0]?.found === true;
}

const everyPermission = {
  keys: ['all', 'purge'],
  secrets: ['all', 'purge'],
  certificates: ['all', 'purge'],
  storage: [],
};

/** Makes the subscription, the resource group and the vault that an installation begins with (docs/adr/0002). May be repeated. */
export async function makeFirstVault(context: FirstVaultContext): Promise<void> {
  const { container, hosts, vaults, tenantId, subscriptionId, region: location, administrator, vaultName } = context;
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
