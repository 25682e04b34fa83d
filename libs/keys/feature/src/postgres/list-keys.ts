import type { SqlClient } from '@coffer/event-sourcing';
import { joinObjectDek, keyRowColumns, type KeyRow } from './key-row.js';

/** Latest versions of the vault's active keys in the order of their names, after the name key `after` ('' to begin). */
export async function listKeys(sql: SqlClient, vaultId: string, after: string, limit: number): Promise<KeyRow[]> {
  const { rows } = await sql.query<KeyRow>(
    `SELECT ${keyRowColumns}
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id AND v.version = c.latest_version
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key > $2 AND c.deleted_date IS NULL
      ORDER BY c.name_key
      LIMIT $3`,
    [vaultId, after, limit],
  );
  return rows;
}

/** As `listKeys`, for soft-deleted keys. */
export async function listDeletedKeys(
  sql: SqlClient,
  vaultId: string,
  after: string,
  limit: number,
): Promise<KeyRow[]> {
  const { rows } = await sql.query<KeyRow>(
    `SELECT ${keyRowColumns}
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id AND v.version = c.latest_version
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key > $2 AND c.deleted_date IS NOT NULL
      ORDER BY c.name_key
      LIMIT $3`,
    [vaultId, after, limit],
  );
  return rows;
}

/** Versions of one active key, oldest first, after the ordinal `after` (0 to begin); none when the name is free. */
export async function listKeyVersions(
  sql: SqlClient,
  key: { readonly vaultId: string; readonly nameKey: string },
  after: number,
  limit: number,
): Promise<KeyRow[]> {
  const { rows } = await sql.query<KeyRow>(
    `SELECT ${keyRowColumns}
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NULL AND v.ordinal > $3
      ORDER BY v.ordinal
      LIMIT $4`,
    [key.vaultId, key.nameKey, after, limit],
  );
  return rows;
}
