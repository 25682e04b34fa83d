import type { AccessPolicy, Tags, VaultSettings } from '@coffer/vaults-domain';

/** One active or soft-deleted vault. */
export interface VaultRow {
  readonly vault_id: string;
  readonly name: string;
  readonly name_key: string;
  readonly subscription_id: string;
  readonly resource_group: string;
  readonly location: string;
  readonly settings: VaultSettings;
  readonly access_policies: readonly AccessPolicy[];
  readonly tags: Tags;
  readonly revision: number;
  readonly deleted_at: Date | null;
  readonly scheduled_purge_at: Date | null;
  readonly created_at: Date;
  readonly created_by: string;
  readonly modified_at: Date;
  readonly modified_by: string;
}

export const vaultColumns = `vault_id, name, name_key, subscription_id, resource_group, location, settings, access_policies,
       tags, revision, deleted_at, scheduled_purge_at, created_at, created_by, modified_at, modified_by`;

/** ARM id of a vault, as its parts were written when they were created. */
export function resourceIdOf(row: Pick<VaultRow, 'subscription_id' | 'resource_group' | 'name'>): string {
  return `/subscriptions/${row.subscription_id}/resourceGroups/${row.resource_group}/providers/Microsoft.KeyVault/vaults/${row.name}`;
}
