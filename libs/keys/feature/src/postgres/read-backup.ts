import type { SqlClient } from '@coffer/event-sourcing';
import type { StoredRotationPolicy } from '@coffer/keys-domain';
import { joinMaterial, joinObjectDek, keyRowColumns, materialColumns, type KeyMaterialRow } from './key-row.js';

/** A version with all that its backup must hold. */
export interface BackupRow extends KeyMaterialRow {
  readonly rotation_policy: StoredRotationPolicy | null;
}

/** The first `limit` versions of an active key, oldest first, as one moment saw them; empty when there is no such key. */
export async function readBackup(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
  limit: number,
): Promise<readonly BackupRow[]> {
  const { rows } = await sql.query<BackupRow>(
    `SELECT ${keyRowColumns}, ${materialColumns}, c.rotation_policy
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id
       ${joinMaterial}
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NULL
      ORDER BY v.ordinal
      LIMIT $3`,
    [vaultId, nameKey, limit],
  );
  return rows;
}
