import { normalizeLocation } from '@coffer/vaults-domain';
import { findVaultByName } from '../postgres/find-vault.js';
import type { VaultRow } from '../postgres/vault-row.js';
import { requireGroup } from './find-group.js';
import type { VaultsPorts } from './ports.js';
import { deletedVaultNotFound, vaultNotFound } from './refusals.js';

/** Where a path says a vault is. */
export interface VaultPlace {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

type Ports = Pick<VaultsPorts, 'database'>;

/** The active vault at this very place. Throws SubscriptionNotFound, ResourceGroupNotFound, ResourceNotFound. */
export async function vaultAt(ports: Ports, place: VaultPlace): Promise<VaultRow> {
  const row = await findVaultByName(ports.database, place.name.toLowerCase());
  const here =
    row?.deleted_at === null &&
    row.subscription_id.toLowerCase() === place.subscriptionId.toLowerCase() &&
    row.resource_group.toLowerCase() === place.resourceGroup.toLowerCase();
  if (here) return row;
  await requireGroup(ports, place.subscriptionId, place.resourceGroup);
  throw vaultNotFound(place.name, place.resourceGroup);
}

/** The soft-deleted vault of a subscription and location. Throws ResourceNotFound. */
export async function deletedVaultAt(
  { database }: Ports,
  subscriptionId: string,
  location: string,
  name: string,
): Promise<VaultRow> {
  const row = await findVaultByName(database, name.toLowerCase());
  const here =
    row !== undefined &&
    row.deleted_at !== null &&
    row.subscription_id.toLowerCase() === subscriptionId.toLowerCase() &&
    row.location === normalizeLocation(location);
  if (!here) throw deletedVaultNotFound(name);
  return row;
}
