import type { MaterialRow, SqlClient } from './ports.js';

/** SHA-256 (hex) of one ciphertext that a purge destroyed. */
export interface MaterialDigest {
  readonly version: string;
  readonly sha256: string;
}

/** `request`: a caller asks. `retention`: its time is over. `vault`: the vault is gone, so is every object of it. */
export type PurgeReason =
  | { readonly reason: 'request'; readonly purgeProtection: boolean; readonly vaultName: string }
  | { readonly reason: 'retention' }
  | { readonly reason: 'vault' };

/** Digests of an object's ciphertexts of one kind as they stand in the event store's `material`, in the order of the versions. */
export async function materialDigests(
  sql: SqlClient,
  objectId: string,
  kind: MaterialRow['kind'],
): Promise<MaterialDigest[]> {
  const { rows } = await sql.query<MaterialDigest>(
    `SELECT version, encode(sha256(ciphertext), 'hex') AS sha256
       FROM material
      WHERE object_id = $1 AND kind = $2
      ORDER BY version`,
    [objectId, kind],
  );
  return rows;
}
