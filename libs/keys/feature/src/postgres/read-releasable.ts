import type { SqlClient } from '@coffer/event-sourcing';
import { joinObjectDek, keyRowColumns } from './key-row.js';
import type { BackupRow } from './read-backup.js';

/** A version of an active key with its material; without `version` the latest. A version of another key is not found. */
export async function readReleasable(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
  version: string | undefined,
): Promise<BackupRow | undefined> {
  const { rows } = await sql.query<BackupRow>(
    `SELECT ${keyRowColumns}, v.origin, k.term AS material_term, k.wrapped_dek AS material_wrapped_dek, k.ciphertext
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id AND v.version = coalesce($3, c.latest_version)
       JOIN material k ON k.material_id = v.material_id
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NULL`,
    [vaultId, nameKey, version ?? null],
  );
  return rows[0];
}
