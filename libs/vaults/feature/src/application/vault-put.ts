import { retryConflicts } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import { normalizeLocation, type RequestedVault } from '@coffer/vaults-domain';
import { findVaultById, findVaultByName } from '../postgres/find-vault.js';
import type { VaultRow } from '../postgres/vault-row.js';
import type { Commander, VaultCommands } from './commands.js';
import { requireGroup } from './find-group.js';
import type { VaultsPorts } from './ports.js';
import { locationNotAvailable, vaultNotFound } from './refusals.js';

export interface PutVault {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  readonly location: string;
  /** `createMode: recover`. */
  readonly recover: boolean;
  readonly requested: RequestedVault;
  readonly apiVersion: string;
}

/**
 * Creates a vault, replaces the settings of the one at this place, or recovers the deleted one. Throws ArmBadRequest,
 * VaultNameNotValid, VaultAlreadyExists, VaultDeletedStateConflict, SoftDeletedVaultDoesNotExist, Conflict,
 * SubscriptionNotFound, ResourceGroupNotFound.
 */
export async function vaultPut(
  ports: VaultsPorts,
  commands: VaultCommands,
  by: Commander,
  request: PutVault,
): Promise<VaultRow> {
  const { database, region } = ports;
  const { subscriptionId, name, recover, requested, apiVersion } = request;
  const group = await requireGroup(ports, subscriptionId, request.resourceGroup);
  const location = normalizeLocation(request.location);
  if (location !== normalizeLocation(region)) {
    throw locationNotAvailable(request.location, region, 'Microsoft.KeyVault/vaults');
  }
  const place = { name, subscriptionId: group.subscription_id, resourceGroup: group.name, location };
  return retryConflicts(async () => {
    const held = await findVaultByName(database, name.toLowerCase());
    const vaultId = held?.vault_id ?? newId();
    await commands.vault(
      by,
      vaultId,
      recover
        ? { type: 'RecoverVault', placement: place }
        : { type: 'PutVault', placement: { vaultId, ...place }, requested, apiVersion },
    );
    return presentVault(ports, vaultId, name, group.name);
  });
}

/** The vault after a command. Throws ResourceNotFound when it is gone by now. */
export async function presentVault(
  { database }: Pick<VaultsPorts, 'database'>,
  vaultId: string,
  name: string,
  group: string,
): Promise<VaultRow> {
  const row = await findVaultById(database, vaultId);
  if (row === undefined) throw vaultNotFound(name, group);
  return row;
}
