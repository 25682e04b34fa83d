import type { SqlClient } from '@coffer/event-sourcing';
import type { KeyOp, KeyType } from '@coffer/keys-domain';

/** Everything that cryptography with one key version needs: state and sealed private key. */
export interface UsableKeyRow {
  readonly object_id: string;
  readonly name: string;
  readonly version: string;
  readonly kty: KeyType;
  readonly hsm: boolean;
  readonly key_ops: KeyOp[];
  readonly enabled: boolean;
  readonly nbf: string | null;
  readonly exp: string | null;
  readonly term: number;
  readonly wrapped_dek: Buffer;
  /** The private key in its kind's format, under the version's DEK. */
  readonly ciphertext: Buffer;
}

/** A version (without `version` the latest) of an active key. A version of another key is not found. */
export async function loadUsableKey(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
  version: string | undefined,
): Promise<UsableKeyRow | undefined> {
  const { rows } = await sql.query<UsableKeyRow>(
    `SELECT c.object_id, c.name, v.version, v.public->>'kty' AS kty, v.hsm, v.key_ops, v.enabled, v.nbf, v.exp,
            m.term, m.wrapped_dek, m.ciphertext
       FROM key_current c
       JOIN key_versions v ON v.object_id = c.object_id AND v.version = coalesce($3, c.latest_version)
       JOIN material m ON m.material_id = v.material_id
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NULL`,
    [vaultId, nameKey, version ?? null],
  );
  return rows[0];
}
