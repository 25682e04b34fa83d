import type { Change } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';

/** Channels of NOTIFY; they only shorten waits. */
export const CHANGES = 'coffer_changes';
export const ACKS = 'coffer_acks';

/** An instance that has been silent for this much longer than its lease counts no more. */
const GRACE_SECONDS = 1;
const PAGE = 1_000;

interface ChangeRow {
  readonly tseq: string;
  readonly vault_ids: readonly string[];
  readonly stream_ids: readonly string[];
}

/** Records what a transaction has written, as its last statement; returns the change's number. */
export async function recordChange(
  client: SqlClient,
  written: readonly { readonly vaultId: string; readonly streamId: string }[],
): Promise<number> {
  const { rows } = await client.query<{ tseq: string }>('SELECT record_change($1::text[], $2::text[]) AS tseq', [
    written.map(({ vaultId }) => vaultId),
    written.map(({ streamId }) => streamId),
  ]);
  return Number(rows[0]?.tseq);
}

export async function selectHead(client: SqlClient): Promise<number> {
  const { rows } = await client.query<{ tseq: string }>('SELECT tseq FROM change_head');
  return Number(rows[0]?.tseq);
}

export interface ChangePage {
  /** In order; a transaction over several vaults is one change per vault, all with its number. */
  readonly changes: readonly Change[];
  /** Highest number in the page; `after` when it is empty. */
  readonly last: number;
  /** Numbers between `after` and the page are gone: what was kept from before cannot be brought up to date. */
  readonly gap: boolean;
  readonly full: boolean;
}

export async function selectChanges(client: SqlClient, after: number): Promise<ChangePage> {
  const { rows } = await client.query<ChangeRow>(
    'SELECT tseq, vault_ids, stream_ids FROM changes WHERE tseq > $1 ORDER BY tseq LIMIT $2',
    [after, PAGE],
  );
  const first = rows[0];
  return {
    changes: rows.flatMap(toChanges),
    last: Number(rows.at(-1)?.tseq ?? after),
    gap: first !== undefined && Number(first.tseq) !== after + 1,
    full: rows.length === PAGE,
  };
}

function toChanges({ tseq, vault_ids, stream_ids }: ChangeRow): Change[] {
  const byVault = new Map<string, string[]>();
  for (const [i, vaultId] of vault_ids.entries()) {
    const streamIds = byVault.get(vaultId) ?? [];
    byVault.set(vaultId, streamIds);
    streamIds.push(stream_ids[i] ?? '');
  }
  return [...byVault].map(([vaultId, streamIds]) => ({ seq: Number(tseq), vaultId, streamIds }));
}

/** Takes or renews the lease of an instance, which has applied everything up to `acked`; durable when it resolves. */
export async function upsertLease(
  client: SqlClient,
  instanceId: string,
  milliseconds: number,
  acked: number,
): Promise<void> {
  await client.query(
    `INSERT INTO leases AS l (instance_id, expires_at, acked)
     VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond', $3)
     ON CONFLICT (instance_id) DO UPDATE
       SET expires_at = excluded.expires_at, acked = greatest(l.acked, excluded.acked)`,
    [instanceId, milliseconds, acked],
  );
}

export async function acknowledge(client: SqlClient, instanceId: string, acked: number): Promise<void> {
  await client.query(
    `WITH ack AS (UPDATE leases SET acked = $2 WHERE instance_id = $1 AND acked < $2)
     SELECT pg_notify('${ACKS}', '')`,
    [instanceId, acked],
  );
}

/** The highest change that every unexpired lease has acknowledged; Infinity when there is none. */
export async function selectAcknowledged(client: SqlClient): Promise<number> {
  const { rows } = await client.query<{ acked: string | null }>(
    `SELECT min(acked) AS acked FROM leases WHERE expires_at > clock_timestamp() - interval '${GRACE_SECONDS} second'`,
  );
  const acked = rows[0]?.acked;
  return acked === null || acked === undefined ? Number.POSITIVE_INFINITY : Number(acked);
}

export async function deleteLease(client: SqlClient, instanceId: string): Promise<void> {
  await client.query('DELETE FROM leases WHERE instance_id = $1', [instanceId]);
}

/** Forgets changes that nobody needs any more, and instances that are long gone. */
export async function prune(client: SqlClient, olderThanMs: number): Promise<void> {
  await client.query(
    `WITH old AS (DELETE FROM changes WHERE recorded_at < clock_timestamp() - $1 * interval '1 millisecond')
     DELETE FROM leases WHERE expires_at < clock_timestamp() - $1 * interval '1 millisecond'`,
    [olderThanMs],
  );
}
