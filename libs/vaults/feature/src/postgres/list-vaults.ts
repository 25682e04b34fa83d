import type { SqlClient } from '@coffer/event-sourcing';
import { vaultColumns, type VaultRow } from './vault-row.js';

export interface VaultPage {
  readonly subscriptionId: string;
  /** Name key of the last vault that the reader has; '' to begin. */
  readonly after: string;
  readonly limit: number;
}

/** Active vaults of a subscription by name; `groupKey` narrows to a resource group. */
export async function listVaults(sql: SqlClient, page: VaultPage, groupKey?: string): Promise<VaultRow[]> {
  const { subscriptionId, after, limit } = page;
  const { rows } =
    groupKey === undefined
      ? await sql.query<VaultRow>(
          `SELECT ${vaultColumns} FROM vaults
            WHERE subscription_id = $1 AND name_key > $2 AND deleted_at IS NULL ORDER BY name_key LIMIT $3`,
          [subscriptionId, after, limit],
        )
      : await sql.query<VaultRow>(
          `SELECT ${vaultColumns} FROM vaults
            WHERE subscription_id = $1 AND group_key = $4 AND name_key > $2 AND deleted_at IS NULL
            ORDER BY name_key LIMIT $3`,
          [subscriptionId, after, limit, groupKey],
        );
  return rows;
}

/** Soft-deleted vaults of a subscription by name. */
export async function listDeletedVaults(sql: SqlClient, page: VaultPage): Promise<VaultRow[]> {
  const { rows } = await sql.query<VaultRow>(
    `SELECT ${vaultColumns} FROM vaults
      WHERE subscription_id = $1 AND name_key > $2 AND deleted_at IS NOT NULL ORDER BY name_key LIMIT $3`,
    [page.subscriptionId, page.after, page.limit],
  );
  return rows;
}

/** Ids of soft-deleted vaults whose retention has ended at `now`, in their order, after the id `after` ('' to begin). */
export async function vaultsDue(sql: SqlClient, now: Date, after: string, limit: number): Promise<string[]> {
  const { rows } = await sql.query<{ vault_id: string }>(
    'SELECT vault_id FROM vaults WHERE scheduled_purge_at <= $1 AND vault_id > $2 ORDER BY vault_id LIMIT $3',
    [now, after, limit],
  );
  return rows.map((row) => row.vault_id);
}
