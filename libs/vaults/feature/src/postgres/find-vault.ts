import type { SqlClient } from '@coffer/event-sourcing';
import { vaultColumns, type VaultRow } from './vault-row.js';

/** The vault of this name (lower case) in any state. */
export async function findVaultByName(sql: SqlClient, nameKey: string): Promise<VaultRow | undefined> {
  const { rows } = await sql.query<VaultRow>(`SELECT ${vaultColumns} FROM vaults WHERE name_key = $1`, [nameKey]);
  return rows[0];
}

export async function findVaultById(sql: SqlClient, vaultId: string): Promise<VaultRow | undefined> {
  const { rows } = await sql.query<VaultRow>(`SELECT ${vaultColumns} FROM vaults WHERE vault_id = $1`, [vaultId]);
  return rows[0];
}
