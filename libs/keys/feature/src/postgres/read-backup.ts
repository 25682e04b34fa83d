import type { SqlClient } from '@coffer/event-sourcing';
import type { KeyOrigin, StoredRotationPolicy } from '@coffer/keys-domain';
import { keyRowColumns, joinObjectDek, type KeyRow } from './key-row.js';

/** A version with all that its backup must hold. */
export interface BackupRow extends KeyRow {
  readonly origin: KeyOrigin | null;
  readonly rotation_policy: StoredRotationPolicy | null;
  readonly material_term: number;
  readonly material_wrapped_dek: Buffer;
  /** The private key under the version's DEK. */
  readonly ciphertext: Buffer;
}

/** The first `limit` versions of an active key, oldest first, as one moment saw them; empty when there is no such key. */
export async function readBackup(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
  limit: number,
): Promise<readonly BackupRow[]> {
  const { rows } = await sql.query<BackupRow>(
    `SELECT ${keyRowColumns}, v.origin, c.rotation_policy, k.term AS material_term, k.wrapped_dek AS material_wrapped_dek, k.ciphertext
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id
       JOIN material k ON k.material_id = v.material_id
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NULL
      ORDER BY v.ordinal
      LIMIT $3`,
    [vaultId, nameKey, limit],
  );
  return rows;
}
