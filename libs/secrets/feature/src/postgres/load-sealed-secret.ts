import type { SqlClient } from '@coffer/event-sourcing';
import { joinObjectDek, secretRowColumns, type SecretRow } from './secret-row.js';

/** Everything that showing one secret version needs: its row and its sealed value. */
export interface SealedSecretRow extends SecretRow {
  readonly value_term: number;
  readonly value_dek: Buffer;
  /** The value under the version's DEK. */
  readonly ciphertext: Buffer;
}

/** A version (without `version` the latest) of an active secret. A version of another secret is not found. */
export async function loadSealedSecret(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
  version: string | undefined,
): Promise<SealedSecretRow | undefined> {
  const { rows } = await sql.query<SealedSecretRow>(
    `SELECT ${secretRowColumns}, s.term AS value_term, s.wrapped_dek AS value_dek, s.ciphertext
       FROM secret_current c
       JOIN secret_versions v ON v.object_id = c.object_id AND v.version = coalesce($3, c.latest_version)
       JOIN material s ON s.material_id = v.material_id
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NULL`,
    [vaultId, nameKey, version ?? null],
  );
  return rows[0];
}
