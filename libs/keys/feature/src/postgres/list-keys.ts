import type { SqlClient } from '@coffer/event-sourcing';
import { keyRowColumns, type KeyRow } from './key-row.js';

// The page is cut out of its index first, then each of its rows is looked up by key: `LIMIT 1` keeps these subqueries from
// being planned as joins, which a plan made for a small table would do by reading all of it, and ever after.
const latestVersion = `CROSS JOIN LATERAL (
         SELECT * FROM key_versions WHERE object_id = c.object_id AND version = c.latest_version LIMIT 1) v`;
const objectDek = `CROSS JOIN LATERAL (
         SELECT term, wrapped_dek FROM material
          WHERE object_id = c.object_id AND kind = 'object' AND version = '' LIMIT 1) m`;

/** Latest versions of the vault's active keys in the order of their names, after the name key `after` ('' to begin). */
export async function listKeys(sql: SqlClient, vaultId: string, after: string, limit: number): Promise<KeyRow[]> {
  const { rows } = await sql.query<KeyRow>(
    `SELECT ${keyRowColumns}
       FROM (SELECT * FROM key_current
              WHERE vault_id = $1 AND name_key > $2 AND deleted_date IS NULL
              ORDER BY name_key LIMIT $3) c
       ${latestVersion}
       ${objectDek}
      ORDER BY c.name_key`,
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
       FROM (SELECT * FROM key_current
              WHERE vault_id = $1 AND name_key > $2 AND deleted_date IS NOT NULL
              ORDER BY name_key LIMIT $3) c
       ${latestVersion}
       ${objectDek}
      ORDER BY c.name_key`,
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
       FROM (SELECT * FROM key_current
              WHERE vault_id = $1 AND name_key = $2 AND deleted_date IS NULL LIMIT 1) c
       ${objectDek}
      CROSS JOIN LATERAL (
         SELECT * FROM key_versions WHERE object_id = c.object_id AND ordinal > $3 ORDER BY ordinal LIMIT $4) v
      ORDER BY v.ordinal`,
    [key.vaultId, key.nameKey, after, limit],
  );
  return rows;
}
