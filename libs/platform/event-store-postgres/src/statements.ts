import type { AuditRow, MaterialRow, SqlClient } from '@coffer/event-sourcing';
import { auditLists } from './append-events.js';
import { eventColumns, toRecorded, type EventRow } from './event-row.js';

export async function insertAuditRows(client: SqlClient, rows: readonly AuditRow[]): Promise<void> {
  await client.query(
    `INSERT INTO audit_inbox (record_id, key, body)
     SELECT * FROM unnest(string_to_array($1, E'\n'), string_to_array($2, E'\n'), string_to_array($3, E'\n'))`,
    auditLists(rows),
  );
}

export async function insertMaterial(client: SqlClient, rows: readonly MaterialRow[]): Promise<void> {
  await client.query(
    `INSERT INTO material (material_id, object_id, kind, version, term, wrapped_dek, ciphertext)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::bytea[], $7::bytea[])`,
    [
      rows.map((row) => row.materialId),
      rows.map((row) => row.objectId),
      rows.map((row) => row.kind),
      rows.map((row) => row.version),
      rows.map((row) => row.term),
      rows.map((row) => row.wrappedDek),
      rows.map((row) => row.ciphertext),
    ],
  );
}

export async function deleteMaterial(client: SqlClient, objectIds: readonly string[]): Promise<void> {
  await client.query('DELETE FROM material WHERE object_id = ANY($1::text[])', [objectIds]);
}

/** The events of the append that began with this event id, in order; none when there is no such append. */
export async function selectAppend(client: SqlClient, commandId: string) {
  const { rows } = await client.query<EventRow>(
    `SELECT ${eventColumns.replace(/(\w+)/g, 'e.$1')}
       FROM events c
       JOIN events e ON e.vault_id = c.vault_id AND e.vault_seq >= c.vault_seq AND e.vault_seq < c.vault_seq + c.append_size
      WHERE c.event_id = $1
      ORDER BY e.vault_seq`,
    [commandId],
  );
  return rows.map(toRecorded);
}

export async function selectStream(client: SqlClient, streamId: string, afterVersion: number, limit?: number) {
  // A part of the statement, which is planned once then.
  const end = limit === undefined ? '' : ` LIMIT ${Math.trunc(limit)}`;
  const { rows } = await client.query<EventRow>(
    `SELECT ${eventColumns} FROM events WHERE stream_id = $1 AND stream_version > $2 ORDER BY stream_version${end}`,
    [streamId, afterVersion],
  );
  return rows.map(toRecorded);
}

export async function selectVault(client: SqlClient, vaultId: string, fromSeq: number, limit: number) {
  const { rows } = await client.query<EventRow>(
    `SELECT ${eventColumns} FROM events WHERE vault_id = $1 AND vault_seq >= $2 ORDER BY vault_seq LIMIT $3`,
    [vaultId, fromSeq, limit],
  );
  return rows.map(toRecorded);
}

export async function selectHeads(client: SqlClient): Promise<{ vaultId: string; seq: number }[]> {
  const { rows } = await client.query<{ vault_id: string; seq: string }>(
    'SELECT vault_id, seq FROM vault_head ORDER BY vault_id',
  );
  return rows.map((row) => ({ vaultId: row.vault_id, seq: Number(row.seq) }));
}
