import type {
  AppendRequest,
  AuditRow,
  MaterialRow,
  PendingEvent,
  RecordedEvent,
  SqlClient,
} from '@coffer/event-sourcing';
import { eventColumns, toRecorded, type EventRow } from './event-row.js';

/** One append of a group, with the events that it stores. */
export interface GroupedAppend {
  readonly request: AppendRequest;
  readonly events: readonly PendingEvent[];
}

/**
 * The one statement that takes numbers: locks (or makes) the head rows of the group's vaults, in the order of their ids so
 * that two groups never wait for each other in a circle, and inserts events and audit records. Nothing comes after it but
 * the commit. Unique violations tell a stream that has moved on, or a command that ran before. `back` counts an event from
 * the last one of its vault in the group.
 */
const INSERT_EVENTS = `
  WITH head AS (
    INSERT INTO vault_head AS h (vault_id, seq, epoch)
    SELECT v.vault_id, v.added, 1 FROM unnest($1::text[], $2::int[]) AS v (vault_id, added) ORDER BY v.vault_id
    ON CONFLICT (vault_id) DO UPDATE SET seq = h.seq + excluded.seq
    RETURNING h.vault_id, h.seq, h.epoch
  ), event AS (
    INSERT INTO events (stream_id, stream_version, vault_id, vault_seq, epoch, event_id, append_size, type, schema_version,
                        recorded_at, data, sealed, meta)
    SELECT e.stream_id, e.stream_version, head.vault_id, head.seq - e.back, head.epoch, e.event_id, e.append_size, e.type,
           e.schema_version, e.recorded_at, e.data, e.sealed, e.meta
    FROM unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::int[], $8::smallint[], $9::text[], $10::smallint[],
                $11::timestamptz[], $12::json[], $13::text[], $14::json[])
           AS e (vault_id, back, event_id, stream_id, stream_version, append_size, type, schema_version,
                 recorded_at, data, sealed, meta)
    JOIN head ON head.vault_id = e.vault_id
  ), audit AS (
    INSERT INTO audit_inbox (record_id, key, body) SELECT * FROM unnest($15::text[], $16::text[], $17::text[])
  )
  SELECT vault_id, seq, epoch FROM head`;

/** Stores the appends of a group; the stored events of each, in the group's order. */
export async function insertEvents(client: SqlClient, group: readonly GroupedAppend[]): Promise<RecordedEvent[][]> {
  const added = new Map<string, number>();
  const ordinals = group.map(({ request: { vaultId }, events }) => {
    const before = added.get(vaultId) ?? 0;
    added.set(vaultId, before + events.length);
    return before;
  });
  const back = (append: number, event: number) =>
    (added.get(group[append]?.request.vaultId ?? '') ?? 0) - (ordinals[append] ?? 0) - event - 1;
  const rows = group.flatMap(({ request, events }, a) =>
    events.map((event, i) => ({
      event,
      meta: JSON.stringify(request.meta),
      size: i === 0 ? events.length : 0,
      back: back(a, i),
    })),
  );
  const audits = group.flatMap(({ request }) => request.audit ?? []);
  const heads = await client.query<{ vault_id: string; seq: string; epoch: number }>(INSERT_EVENTS, [
    [...added.keys()],
    [...added.values()],
    rows.map(({ event }) => event.vaultId),
    rows.map((row) => row.back),
    rows.map(({ event }) => event.eventId),
    rows.map(({ event }) => event.streamId),
    rows.map(({ event }) => event.streamVersion),
    rows.map(({ size }) => size),
    rows.map(({ event }) => event.type),
    rows.map(({ event }) => event.schemaVersion),
    rows.map(({ event }) => event.recordedAt),
    rows.map(({ event }) => JSON.stringify(event.data)),
    rows.map(({ event }) => event.sealed ?? null),
    rows.map(({ meta }) => meta),
    audits.map((audit) => audit.recordId),
    audits.map(auditKey),
    audits.map((audit) => JSON.stringify(audit.body)),
  ]);
  const byVault = new Map(heads.rows.map((head) => [head.vault_id, head]));
  return group.map(({ request, events }, a) => {
    const head = byVault.get(request.vaultId);
    if (head === undefined) throw new Error('an append got no numbers');
    return events.map((event, i) => ({ ...event, vaultSeq: Number(head.seq) - back(a, i), epoch: head.epoch }));
  });
}

/** Records of one key keep their order: those of a vault, or of a service outside vaults. */
export function auditKey({ body }: AuditRow): string {
  const { vaultId, service } = body as { readonly vaultId?: unknown; readonly service?: unknown };
  return typeof vaultId === 'string' ? vaultId : typeof service === 'string' ? service : '';
}

export async function insertAuditRows(client: SqlClient, rows: readonly AuditRow[]): Promise<void> {
  await client.query(
    'INSERT INTO audit_inbox (record_id, key, body) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])',
    [rows.map((row) => row.recordId), rows.map(auditKey), rows.map((row) => JSON.stringify(row.body))],
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

export async function selectStream(client: SqlClient, streamId: string, afterVersion: number) {
  const { rows } = await client.query<EventRow>(
    `SELECT ${eventColumns} FROM events WHERE stream_id = $1 AND stream_version > $2 ORDER BY stream_version`,
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
