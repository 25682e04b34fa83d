import type { SqlClient } from '@coffer/event-sourcing';
import { joinObjectDek, secretRowColumns, type SecretRow } from './secret-row.js';

/** A version (without `version` the latest) of one incarnation in any state. A version of another secret is not found. */
export async function readVersion(
  sql: SqlClient,
  objectId: string,
  version: string | undefined,
): Promise<SecretRow | undefined> {
  const { rows } = await sql.query<SecretRow>(
    `SELECT ${secretRowColumns}
       FROM secret_current c
       JOIN secret_versions v ON v.object_id = c.object_id AND v.version = coalesce($2, c.latest_version)
       ${joinObjectDek}
      WHERE c.object_id = $1`,
    [objectId, version ?? null],
  );
  return rows[0];
}

/** The latest version of a soft-deleted secret. */
export async function readDeletedSecret(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
): Promise<SecretRow | undefined> {
  const { rows } = await sql.query<SecretRow>(
    `SELECT ${secretRowColumns}
       FROM secret_current c
       JOIN secret_versions v ON v.object_id = c.object_id AND v.version = c.latest_version
       ${joinObjectDek}
      WHERE c.vault_id = $1 AND c.name_key = $2 AND c.deleted_date IS NOT NULL`,
    [vaultId, nameKey],
  );
  return rows[0];
}
