import type { SqlClient } from '@coffer/event-sourcing';
import { joinObjectDek, keyRowColumns, type KeyRow } from './key-row.js';

/** A version of an active key; without `version` the latest. A version of another key is not found. */
export async function readKey(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
  version: string | undefined,
): Promise<KeyRow | undefined> {
  const { rows } = await sql.query<KeyRow>(
    `SELECT ${keyRowColumns}
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id AND v.version = coalesce($3, c.latest_version)
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NULL`,
    [vaultId, nameKey, version ?? null],
  );
  return rows[0];
}

/** The latest version of a soft-deleted key. */
export async function readDeletedKey(sql: SqlClient, vaultId: string, nameKey: string): Promise<KeyRow | undefined> {
  const { rows } = await sql.query<KeyRow>(
    `SELECT ${keyRowColumns}
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id AND v.version = c.latest_version
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NOT NULL`,
    [vaultId, nameKey],
  );
  return rows[0];
}
