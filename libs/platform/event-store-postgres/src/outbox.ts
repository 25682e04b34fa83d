import type { RecordedEvent, SqlClient } from '@coffer/event-sourcing';
import { selectVault } from './statements.js';

export interface AuditInboxRow {
  readonly position: string;
  readonly recordId: string;
  readonly key: string;
  /** JSON text. */
  readonly body: string;
}

/** Vaults with events that the relay has not published. */
export async function selectDirtyVaults(
  client: SqlClient,
): Promise<readonly { readonly vaultId: string; readonly seq: number; readonly published: number }[]> {
  const { rows } = await client.query<{ vault_id: string; seq: string; published: string }>(
    `SELECT h.vault_id, h.seq, coalesce(c.published_seq, 0) AS published
       FROM vault_head h LEFT JOIN relay_cursor c ON c.vault_id = h.vault_id
      WHERE h.seq > coalesce(c.published_seq, 0)
      ORDER BY h.vault_id`,
    [],
  );
  return rows.map((row) => ({ vaultId: row.vault_id, seq: Number(row.seq), published: Number(row.published) }));
}

/** As stored, not upcast: consumers know the schema versions they were written for. */
export function selectEventsFrom(
  client: SqlClient,
  vaultId: string,
  seq: number,
  limit: number,
): Promise<readonly RecordedEvent[]> {
  return selectVault(client, vaultId, seq, limit);
}

export async function storeCursor(client: SqlClient, vaultId: string, seq: number): Promise<void> {
  await client.query(
    `INSERT INTO relay_cursor AS c (vault_id, published_seq) VALUES ($1, $2)
     ON CONFLICT (vault_id) DO UPDATE SET published_seq = greatest(c.published_seq, excluded.published_seq)`,
    [vaultId, seq],
  );
}

export async function selectAuditRows(client: SqlClient, limit: number): Promise<readonly AuditInboxRow[]> {
  const { rows } = await client.query<AuditInboxRow>(
    'SELECT position, record_id AS "recordId", key, body FROM audit_inbox ORDER BY position LIMIT $1',
    [limit],
  );
  return rows;
}

export async function deleteAuditRows(client: SqlClient, positions: readonly string[]): Promise<void> {
  await client.query('DELETE FROM audit_inbox WHERE position = ANY($1::bigint[])', [positions]);
}
