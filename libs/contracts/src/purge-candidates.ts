import type { SqlClient } from '@coffer/event-sourcing';
import type { PurgeCandidate, Purgeable } from './object-purger.js';

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

/** Where an ObjectPurger finds its objects: in the table `<kind>_current`. */
export function purgeCandidates(sql: SqlClient, kind: 'key' | 'secret'): Pick<Purgeable, 'ofVault' | 'due'> {
  const ofVault = `SELECT vault_id, object_id, name, name_key, coalesce(scheduled_purge_date, 0) AS due
       FROM ${kind}_current
      WHERE vault_id = $1 AND name_key > $2
      ORDER BY name_key
      LIMIT $3`;
  const due = `SELECT vault_id, object_id, name, name_key, scheduled_purge_date AS due
       FROM ${kind}_current
      WHERE scheduled_purge_date <= $1 AND (scheduled_purge_date, object_id) > ($2, $3)
      ORDER BY scheduled_purge_date, object_id
      LIMIT $4`;
  const found = async (text: string, values: readonly unknown[]) =>
    (await sql.query<Row>(text, values)).rows.map(toCandidate);
  return {
    ofVault: (vaultId, after, limit) => found(ofVault, [vaultId, after, limit]),
    due: (now, after, limit) => found(due, [now, after.due, after.objectId, limit]),
  };
}
