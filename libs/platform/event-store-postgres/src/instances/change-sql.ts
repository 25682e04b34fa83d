import type { Change } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';
import type { LeaseRow } from './lease-watch.js';

/** Channels of NOTIFY; they only shorten waits. */
export const CHANGES = 'coffer_changes';
export const ACKS = 'coffer_acks';

const PAGE = 1_000;

interface ChangeRow {
  readonly tseq: string;
  readonly vault_ids: readonly string[];
  readonly stream_ids: readonly string[];
}

/** Without a change where there is none. */
interface ChangeOrHeadRow extends Omit<ChangeRow, 'tseq'> {
  readonly head: string;
  readonly tseq: string | null;
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
  /** Highest number in the page; the head's when it is empty. */
  readonly last: number;
  /** What follows `after` is not there, or is not what followed it: what was kept cannot be brought up to date. */
  readonly gap: boolean;
  readonly full: boolean;
}

export async function selectChanges(client: SqlClient, after: number): Promise<ChangePage> {
  const { rows } = await client.query<ChangeOrHeadRow>(
    `SELECT h.tseq AS head, c.tseq, c.vault_ids, c.stream_ids
       FROM change_head h
       LEFT JOIN LATERAL (SELECT * FROM changes WHERE tseq > $1 ORDER BY tseq LIMIT $2) c ON true
      ORDER BY c.tseq`,
    [after, PAGE],
  );
  const head = Number(rows[0]?.head ?? after);
  const changes = rows.filter((row): row is ChangeOrHeadRow & ChangeRow => row.tseq !== null);
  const first = Number(changes[0]?.tseq ?? head + 1);
  return {
    changes: changes.flatMap(toChanges),
    last: Number(changes.at(-1)?.tseq ?? head),
    // A head that is behind `after` is of a database that has lost its latest commits, and numbers others the same.
    gap: first !== after + 1,
    full: changes.length === PAGE,
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

/**
 * Takes or renews the lease of an instance, which has applied everything up to `acked`; durable when it resolves. A database
 * that has lost its latest commits will number others the same: nobody has applied those. Nobody goes by `expires_at`,
 * which shows an operator who is away.
 */
export async function upsertLease(
  client: SqlClient,
  instanceId: string,
  milliseconds: number,
  acked: number,
): Promise<void> {
  await client.query(
    `INSERT INTO leases (instance_id, expires_at, acked, milliseconds)
     VALUES ($1, clock_timestamp() + $2::integer * interval '1 millisecond', least($3, (SELECT tseq FROM change_head)), $2)
     ON CONFLICT (instance_id) DO UPDATE SET expires_at = excluded.expires_at, acked = excluded.acked`,
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

export async function selectLeases(client: SqlClient): Promise<LeaseRow[]> {
  const { rows } = await client.query<{
    instance_id: string;
    renewal: string;
    acked: string;
    milliseconds: number | null;
  }>('SELECT instance_id, xmin::text AS renewal, acked, milliseconds FROM leases');
  return rows.map(({ instance_id, renewal, acked, milliseconds }) => ({
    instanceId: instance_id,
    renewal,
    acked: Number(acked),
    ...(milliseconds === null ? {} : { leaseMs: milliseconds }),
  }));
}

export async function deleteLease(client: SqlClient, instanceId: string): Promise<void> {
  await client.query('DELETE FROM leases WHERE instance_id = $1', [instanceId]);
}

/** Forgets instances that are gone, unless they have come back meanwhile. */
export async function deleteLeases(client: SqlClient, ended: readonly LeaseRow[]): Promise<void> {
  await client.query(
    `DELETE FROM leases l USING unnest($1::text[], $2::text[]) AS ended (instance_id, renewal)
      WHERE l.instance_id = ended.instance_id AND l.xmin::text = ended.renewal`,
    [ended.map(({ instanceId }) => instanceId), ended.map(({ renewal }) => renewal)],
  );
}

/** Forgets old changes that every instance has applied, whatever the clock shows. */
export async function deleteChanges(client: SqlClient, olderThanMs: number): Promise<void> {
  await client.query(
    `DELETE FROM changes
      WHERE recorded_at < clock_timestamp() - $1 * interval '1 millisecond' AND tseq <= (SELECT min(acked) FROM leases)`,
    [olderThanMs],
  );
}
