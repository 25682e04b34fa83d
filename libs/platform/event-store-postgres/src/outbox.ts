import { integers, type RecordedEvent, type SqlClient } from '@coffer/event-sourcing';
import { eventColumns, toRecorded, type EventRow } from './event-row.js';

export interface AuditInboxRow {
  readonly position: string;
  readonly recordId: string;
  readonly key: string;
  /** JSON text. */
  readonly body: string;
}

/** Events of one vault that are to be published: those after `after`, up to `upTo`. */
export interface Span {
  readonly vaultId: string;
  readonly after: number;
  readonly upTo: number;
}

/** What the relay has not published, by vault. */
export async function selectUnpublished(client: SqlClient): Promise<readonly Span[]> {
  const { rows } = await client.query<{ vault_id: string; seq: string; published: string }>(
    `SELECT h.vault_id, h.seq, coalesce(c.published_seq, 0) AS published
       FROM vault_head h LEFT JOIN relay_cursor c ON c.vault_id = h.vault_id
      WHERE h.seq > coalesce(c.published_seq, 0)
      ORDER BY h.vault_id`,
  );
  return rows.map((row) => ({ vaultId: row.vault_id, after: Number(row.published), upTo: Number(row.seq) }));
}

/** The events of these spans, in the order of each vault's numbers; as stored, since consumers upcast for themselves. */
export async function selectSpans(client: SqlClient, spans: readonly Span[]): Promise<readonly RecordedEvent[]> {
  const { rows } = await client.query<EventRow>(
    `SELECT ${eventColumns.replace(/(\w+)/g, 'e.$1')}
       FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS s (vault_id, after, up_to)
       JOIN events e ON e.vault_id = s.vault_id AND e.vault_seq > s.after AND e.vault_seq <= s.up_to
      ORDER BY e.vault_id, e.vault_seq`,
    [spans.map((span) => span.vaultId), spans.map((span) => span.after), spans.map((span) => span.upTo)],
  );
  return rows.map(toRecorded);
}

/** Moves the cursors to the ends of the spans; never back. */
export async function storeCursors(client: SqlClient, spans: readonly Span[]): Promise<void> {
  await client.query(
    `INSERT INTO relay_cursor AS c (vault_id, published_seq)
     SELECT * FROM unnest($1::text[], $2::bigint[])
     ON CONFLICT (vault_id) DO UPDATE SET published_seq = greatest(c.published_seq, excluded.published_seq)`,
    [spans.map((span) => span.vaultId), spans.map((span) => span.upTo)],
  );
}

/** Records after a position (0 to begin), oldest first. */
export async function selectAuditRows(
  client: SqlClient,
  after: number,
  limit: number,
): Promise<readonly AuditInboxRow[]> {
  const { rows } = await client.query<AuditInboxRow>(
    `SELECT position, record_id AS "recordId", key, body
       FROM audit_inbox WHERE position > $1 ORDER BY position LIMIT $2`,
    [after, limit],
  );
  return rows;
}

export async function deleteAuditRows(client: SqlClient, positions: readonly string[]): Promise<void> {
  await client.query('DELETE FROM audit_inbox WHERE position = ANY($1::bigint[])', [integers(positions)]);
}
