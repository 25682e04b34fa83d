import type { SqlClient } from '@coffer/event-sourcing';
import { secretRowColumns, type SecretRow } from './secret-row.js';

// The page is cut out of its index first, then each of its rows is looked up by key: `LIMIT 1` keeps these subqueries from
// being planned as joins, which a plan made for a small table would do by reading all of it, and ever after.
const latestVersion = `CROSS JOIN LATERAL (
         SELECT * FROM secret_versions WHERE object_id = c.object_id AND version = c.latest_version LIMIT 1) v`;
const objectDek = `CROSS JOIN LATERAL (
         SELECT term, wrapped_dek FROM material
          WHERE object_id = c.object_id AND kind = 'object' AND version = '' LIMIT 1) m`;

/** Latest versions of the vault's active secrets in the order of their names, after the name key `after` ('' to begin). */
export async function listSecrets(sql: SqlClient, vaultId: string, after: string, limit: number): Promise<SecretRow[]> {
  const { rows } = await sql.query<SecretRow>(
    `SELECT ${secretRowColumns}
       FROM (SELECT * FROM secret_current
              WHERE vault_id = $1 AND name_key > $2 AND deleted_date IS NULL
              ORDER BY name_key LIMIT $3) c
       ${latestVersion}
       ${objectDek}
      ORDER BY c.name_key`,
    [vaultId, after, limit],
  );
  return rows;
}

/** As `listSecrets`, for soft-deleted secrets. */
export async function listDeletedSecrets(
  sql: SqlClient,
  vaultId: string,
  after: string,
  limit: number,
): Promise<SecretRow[]> {
  const { rows } = await sql.query<SecretRow>(
    `SELECT ${secretRowColumns}
       FROM (SELECT * FROM secret_current
              WHERE vault_id = $1 AND name_key > $2 AND deleted_date IS NOT NULL
              ORDER BY name_key LIMIT $3) c
       ${latestVersion}
       ${objectDek}
      ORDER BY c.name_key`,
    [vaultId, after, limit],
  );
  return rows;
}

/** Versions of one active secret, oldest first, after the ordinal `after` (0 to begin); none when the name is free. */
export async function listSecretVersions(
  sql: SqlClient,
  secret: { readonly vaultId: string; readonly nameKey: string },
  after: number,
  limit: number,
): Promise<SecretRow[]> {
  const { rows } = await sql.query<SecretRow>(
    `SELECT ${secretRowColumns}
       FROM (SELECT * FROM secret_current
              WHERE vault_id = $1 AND name_key = $2 AND deleted_date IS NULL LIMIT 1) c
       ${objectDek}
      CROSS JOIN LATERAL (
         SELECT * FROM secret_versions WHERE object_id = c.object_id AND ordinal > $3 ORDER BY ordinal LIMIT $4) v
      ORDER BY v.ordinal`,
    [secret.vaultId, secret.nameKey, after, limit],
  );
  return rows;
}
