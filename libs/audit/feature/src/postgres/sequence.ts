import type { SqlClient } from '@coffer/event-sourcing';

/** Locks the log until the transaction ends and returns its size: the next `log_index`. */
export async function lockLog(client: SqlClient): Promise<number> {
  const { rows } = await client.query<{ size: string }>('SELECT size FROM audit_log FOR UPDATE');
  return Number(rows[0]?.size);
}

/** Number of records in the log. */
export async function logSize(client: SqlClient): Promise<number> {
  const { rows } = await client.query<{ size: string }>('SELECT size FROM audit_log');
  return Number(rows[0]?.size);
}

export async function growLog(client: SqlClient, size: number): Promise<void> {
  await client.query('UPDATE audit_log SET size = $1', [size]);
}

/** Adds each vault's number of new records; returns the sizes before, which are the vaults' next `vault_index`. */
export async function growVaults(
  client: SqlClient,
  added: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ vault_id: string; size: string }>(
    `INSERT INTO audit_vaults AS v (vault_id, size)
     SELECT * FROM unnest($1::text[], $2::bigint[])
     ON CONFLICT (vault_id) DO UPDATE SET size = v.size + excluded.size
     RETURNING vault_id, size`,
    [[...added.keys()], [...added.values()]],
  );
  return new Map(rows.map((row) => [row.vault_id, Number(row.size) - (added.get(row.vault_id) ?? 0)]));
}
