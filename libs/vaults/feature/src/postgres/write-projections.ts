import type { PendingEvent, SqlClient } from '@coffer/event-sourcing';
import type { AccessPolicy, ResourceGroup, Tags, Vault, VaultDeletedData, VaultSettings } from '@coffer/vaults-domain';

/** What every write of a vault's row takes from its event. */
type Stamp = Pick<PendingEvent, 'recordedAt' | 'streamVersion' | 'meta'>;

export async function upsertSubscription(
  client: SqlClient,
  subscriptionId: string,
  displayName: string,
): Promise<void> {
  await client.query(
    `INSERT INTO subscriptions (subscription_id, display_name) VALUES ($1, $2)
     ON CONFLICT (subscription_id) DO UPDATE SET display_name = excluded.display_name`,
    [subscriptionId, displayName],
  );
}

/** Takes the name; throws a unique violation when another group holds it. */
export async function insertResourceGroup(client: SqlClient, group: ResourceGroup): Promise<void> {
  await client.query(
    `INSERT INTO resource_groups (resource_group_id, subscription_id, name_key, name, location, tags)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      group.resourceGroupId,
      group.subscriptionId,
      group.name.toLowerCase(),
      group.name,
      group.location,
      JSON.stringify(group.tags),
    ],
  );
}

export async function setResourceGroupTags(client: SqlClient, resourceGroupId: string, tags: Tags): Promise<void> {
  await client.query('UPDATE resource_groups SET tags = $2 WHERE resource_group_id = $1', [
    resourceGroupId,
    JSON.stringify(tags),
  ]);
}

/** Takes the name; throws a unique violation when another vault holds it. */
export async function insertVault(client: SqlClient, vault: Vault, stamp: Stamp): Promise<void> {
  await client.query(
    `INSERT INTO vaults (vault_id, name_key, name, subscription_id, group_key, resource_group, location, settings,
                         access_policies, tags, revision, created_at, created_by, modified_at, modified_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $12, $13)`,
    [
      vault.vaultId,
      vault.name.toLowerCase(),
      vault.name,
      vault.subscriptionId.toLowerCase(),
      vault.resourceGroup.toLowerCase(),
      vault.resourceGroup,
      vault.location,
      JSON.stringify(vault.settings),
      JSON.stringify(vault.accessPolicies),
      JSON.stringify(vault.tags),
      stamp.streamVersion,
      stamp.recordedAt,
      stamp.meta.actor.oid,
    ],
  );
}

export async function updateVault(
  client: SqlClient,
  vaultId: string,
  change: {
    readonly settings?: VaultSettings;
    readonly tags?: Tags;
    readonly accessPolicies?: readonly AccessPolicy[];
  },
  stamp: Stamp,
): Promise<void> {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  await client.query(
    `UPDATE vaults
        SET settings = coalesce($2, settings), tags = coalesce($3, tags), access_policies = coalesce($4, access_policies),
            revision = $5, modified_at = $6, modified_by = $7
      WHERE vault_id = $1`,
    [
      vaultId,
      json(change.settings),
      json(change.tags),
      json(change.accessPolicies),
      stamp.streamVersion,
      stamp.recordedAt,
      stamp.meta.actor.oid,
    ],
  );
}

/** `undefined` for a vault that is active again. */
export async function setDeleted(
  client: SqlClient,
  vaultId: string,
  deletion: VaultDeletedData | undefined,
  stamp: Stamp,
): Promise<void> {
  await client.query(
    `UPDATE vaults
        SET deleted_at = $2, scheduled_purge_at = $3, revision = $4, modified_at = $5, modified_by = $6
      WHERE vault_id = $1`,
    [
      vaultId,
      deletion?.deletedAt ?? null,
      deletion?.scheduledPurgeAt ?? null,
      stamp.streamVersion,
      stamp.recordedAt,
      stamp.meta.actor.oid,
    ],
  );
}

export async function removeVault(client: SqlClient, vaultId: string): Promise<void> {
  await client.query('DELETE FROM vaults WHERE vault_id = $1', [vaultId]);
}
