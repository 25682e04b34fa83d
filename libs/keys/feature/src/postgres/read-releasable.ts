import type { SqlClient } from '@coffer/event-sourcing';
import { joinMaterial, joinObjectDek, keyRowColumns, materialColumns, type KeyMaterialRow } from './key-row.js';

/** A version of an active key with its material; without `version` the latest. A version of another key is not found. */
export async function readReleasable(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
  version: string | undefined,
): Promise<KeyMaterialRow | undefined> {
  const { rows } = await sql.query<KeyMaterialRow>(
    `SELECT ${keyRowColumns}, ${materialColumns}
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id AND v.version = coalesce($3, c.latest_version)
       ${joinMaterial}
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NULL`,
    [vaultId, nameKey, version ?? null],
  );
  return rows[0];
}
