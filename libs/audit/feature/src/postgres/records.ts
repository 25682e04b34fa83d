import type { SqlClient } from '@coffer/event-sourcing';

/** A record with its place in the log. */
export interface SequencedRecord {
  /** Position in the log, from 0. */
  readonly index: number;
  readonly recordId: string;
  readonly vaultId: string | undefined;
  /** Position among the vault's records, from 0. */
  readonly vaultIndex: number | undefined;
  /** ISO 8601. */
  readonly time: string;
  /** Canonical JSON. */
  readonly canonical: string;
  readonly terms: readonly string[];
}

/** Records per row of `audit_spans`; never changes, the rows count on it. */
export const SPAN = 1024;

/** Those of the ids that are in the log already, with their index and canonical text. */
export async function findRecords(
  client: SqlClient,
  recordIds: readonly string[],
): Promise<ReadonlyMap<string, { index: number; canonical: string }>> {
  const { rows } = await client.query<{ record_id: string; log_index: string; record: string }>(
    'SELECT record_id, log_index, record FROM audit_records WHERE record_id = ANY($1::text[])',
    [recordIds],
  );
  return new Map(rows.map((row) => [row.record_id, { index: Number(row.log_index), canonical: row.record }]));
}

/** `now`: milliseconds since the epoch. */
export async function insertRecords(
  client: SqlClient,
  records: readonly SequencedRecord[],
  now: number,
): Promise<void> {
  await client.query(
    `INSERT INTO audit_records (log_index, record_id, vault_id, vault_index, time, record, sequenced_at)
     SELECT log_index, record_id, nullif(vault_id, ''), vault_index, time::timestamptz, record, $7::timestamptz
     FROM unnest($1::bigint[], string_to_array($2, E'\\n'), string_to_array($3, E'\\n'), $4::bigint[],
                 string_to_array($5, E'\\n'), string_to_array($6, E'\\n'))
          AS r (log_index, record_id, vault_id, vault_index, time, record)`,
    [
      `{${records.map((record) => record.index).join(',')}}`,
      lines(records.map((record) => record.recordId)),
      lines(records.map((record) => record.vaultId ?? '')),
      `{${records.map((record) => record.vaultIndex ?? 'NULL').join(',')}}`,
      lines(records.map((record) => record.time)),
      lines(records.map((record) => record.canonical)),
      new Date(now).toISOString(),
    ],
  );
}

/** A list as one text, a third of the cost of an array of texts. Ids, times and canonical JSON hold no line feed. */
function lines(values: readonly string[]): string {
  return values.join('\n');
}

export async function widenSpans(client: SqlClient, records: readonly SequencedRecord[]): Promise<void> {
  await client.query(
    `INSERT INTO audit_spans AS s (span, earliest, latest)
     SELECT log_index / ${SPAN}, min(time), max(time)
     FROM unnest($1::bigint[], $2::timestamptz[]) AS added (log_index, time)
     GROUP BY 1
     ON CONFLICT (span) DO UPDATE
     SET earliest = least(s.earliest, excluded.earliest), latest = greatest(s.latest, excluded.latest)`,
    [records.map((record) => record.index), records.map((record) => record.time)],
  );
}
