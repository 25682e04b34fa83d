import { integers, lines, type SqlClient } from '@coffer/event-sourcing';

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
    `SELECT record_id, log_index, record FROM audit_records WHERE record_id = ANY(string_to_array($1, E'\\n'))`,
    [lines(recordIds)],
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
      integers(records.map((record) => record.index)),
      lines(records.map((record) => record.recordId)),
      lines(records.map((record) => record.vaultId ?? '')),
      integers(records.map((record) => record.vaultIndex)),
      lines(records.map((record) => record.time)),
      lines(records.map((record) => record.canonical)),
      new Date(now).toISOString(),
    ],
  );
}

export async function widenSpans(client: SqlClient, records: readonly SequencedRecord[]): Promise<void> {
  await client.query(
    `INSERT INTO audit_spans AS s (span, earliest, latest)
     SELECT log_index / ${SPAN}, min(time), max(time)
     FROM unnest($1::bigint[], string_to_array($2, E'\\n')::timestamptz[]) AS added (log_index, time)
     GROUP BY 1
     ON CONFLICT (span) DO UPDATE
     SET earliest = least(s.earliest, excluded.earliest), latest = greatest(s.latest, excluded.latest)`,
    [integers(records.map((record) => record.index)), lines(records.map((record) => record.time))],
  );
}
