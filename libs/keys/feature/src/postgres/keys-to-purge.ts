import type { PurgeCandidate } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';

interface Row {
  readonly vault_id: string;
  readonly object_id: string;
  readonly name: string;
  readonly name_key: string;
  readonly due: string;
}

const toCandidate = (row: Row): PurgeCandidate => ({
  vaultId: row.vault_id,
  objectId: row.object_id,
  name: row.name,
  nameKey: row.name_key,
  due: Number(row.due),
});

/** Keys of a vault in any state, in the order of their names, after the name key `after` ('' to begin). */
export async function keysOfVault(
  sql: SqlClient,
  vaultId: string,
  after: string,
  limit: number,
): Promise<PurgeCandidate[]> {
  const { rows } = await sql.query<Row>(
    `SELECT vault_id, object_id, name, name_key, coalesce(scheduled_purge_date, 0) AS due
       FROM key_current
      WHERE vault_id = $1 AND name_key > $2
      ORDER BY name_key
      LIMIT $3`,
    [vaultId, after, limit],
  );
  return rows.map(toCandidate);
}

/** Soft-deleted keys of any vault whose retention has ended at `now` (Unix seconds), longest overdue first. */
export async function keysDue(
  sql: SqlClient,
  now: number,
  after: { readonly due: number; readonly objectId: string },
  limit: number,
): Promise<PurgeCandidate[]> {
  const { rows } = await sql.query<Row>(
    `SELECT vault_id, object_id, name, name_key, scheduled_purge_date AS due
       FROM key_current
      WHERE scheduled_purge_date <= $1 AND (scheduled_purge_date, object_id) > ($2, $3)
      ORDER BY scheduled_purge_date, object_id
      LIMIT $4`,
    [now, after.due, after.objectId, limit],
  );
  return rows.map(toCandidate);
}
