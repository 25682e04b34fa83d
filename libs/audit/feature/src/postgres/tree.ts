import { HASH_BYTES, type ReadTile } from '@coffer/audit-domain';
import type { SqlClient } from '@coffer/event-sourcing';

/** Locks the tree until the transaction ends and returns its size; undefined while another instance has it. */
export async function lockTree(client: SqlClient): Promise<number | undefined> {
  const { rows } = await client.query<{ size: string }>('SELECT size FROM audit_tree FOR UPDATE SKIP LOCKED');
  return rows[0] === undefined ? undefined : Number(rows[0].size);
}

/** Whether there is something to take into the tree, or a head to sign or to date anew. */
export async function hasWork(client: SqlClient, publishedBefore: number): Promise<boolean> {
  const { rows } = await client.query<{ work: boolean }>(
    `SELECT l.size > t.size OR h.size IS DISTINCT FROM t.size OR h.published_at <= $1 AS work
       FROM audit_log l, audit_tree t
       LEFT JOIN (SELECT size, published_at FROM audit_heads ORDER BY size DESC LIMIT 1) h ON true`,
    [new Date(publishedBefore).toISOString()],
  );
  return rows[0]?.work === true;
}

export async function setTreeSize(client: SqlClient, size: number): Promise<void> {
  await client.query('UPDATE audit_tree SET size = $1', [size]);
}

export interface SequencedRow {
  readonly log_index: string;
  readonly vault_id: string | null;
  readonly vault_index: string | null;
  /** SHA-256 of the canonical record, lower-case hex. */
  readonly record_hash: string;
}

/** Records of the log from this index on, in order. */
export async function selectRecordsFrom(client: SqlClient, index: number, limit: number): Promise<SequencedRow[]> {
  const { rows } = await client.query<SequencedRow>(
    `SELECT log_index, vault_id, vault_index, encode(sha256(convert_to(record, 'UTF8')), 'hex') AS record_hash
       FROM audit_records WHERE log_index >= $1 ORDER BY log_index LIMIT $2`,
    [index, limit],
  );
  return rows;
}

export async function insertEntries(client: SqlClient, first: number, entries: readonly Buffer[]): Promise<void> {
  await client.query(
    `INSERT INTO audit_entries (log_index, entry)
     SELECT $1::bigint + n - 1, entry FROM unnest($2::bytea[]) WITH ORDINALITY AS e (entry, n)`,
    [first, entries],
  );
}

/** Entries [from, to), in order. */
export async function selectEntries(client: SqlClient, from: number, to: number): Promise<Buffer[]> {
  const { rows } = await client.query<{ entry: Buffer }>(
    'SELECT entry FROM audit_entries WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index',
    [from, to],
  );
  return rows.map(({ entry }) => entry);
}

export async function selectTile(client: SqlClient, level: number, tile: number): Promise<Buffer | undefined> {
  const { rows } = await client.query<{ hashes: Buffer }>(
    'SELECT hashes FROM audit_tiles WHERE level = $1 AND tile = $2',
    [level, tile],
  );
  return rows[0]?.hashes;
}

export async function upsertTile(client: SqlClient, level: number, tile: number, hashes: Buffer): Promise<void> {
  await client.query(
    `INSERT INTO audit_tiles (level, tile, hashes) VALUES ($1, $2, $3)
     ON CONFLICT (level, tile) DO UPDATE SET hashes = excluded.hashes`,
    [level, tile, hashes],
  );
}

/** Reads stored tiles; each is read once, so one reader is for one question. */
export function tileReader(client: SqlClient): ReadTile {
  const known = new Map<string, Promise<Buffer | undefined>>();
  return async (level, tile, atLeast) => {
    const key = `${level}/${tile}`;
    const reading = known.get(key) ?? selectTile(client, level, tile);
    known.set(key, reading);
    const hashes = await reading;
    if (hashes === undefined || hashes.length < atLeast * HASH_BYTES) throw new RangeError('the tile is not there');
    return hashes;
  };
}

export interface HeadRow {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
  /** Milliseconds since the epoch. */
  readonly publishedAt: number;
}

export async function selectLastHead(client: SqlClient): Promise<HeadRow | undefined> {
  const { rows } = await client.query<{ size: string; root: Buffer; note: string; published_at: Date }>(
    'SELECT size, root, note, published_at FROM audit_heads ORDER BY size DESC LIMIT 1',
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return { size: Number(row.size), root: row.root, note: row.note, publishedAt: row.published_at.getTime() };
}

export async function insertHead(client: SqlClient, head: HeadRow): Promise<void> {
  await client.query('INSERT INTO audit_heads (size, root, note, published_at) VALUES ($1, $2, $3, $4)', [
    head.size,
    head.root,
    head.note,
    new Date(head.publishedAt).toISOString(),
  ]);
}

export async function touchHead(client: SqlClient, size: number, now: number): Promise<void> {
  await client.query('UPDATE audit_heads SET published_at = $2 WHERE size = $1', [size, new Date(now).toISOString()]);
}

export async function indexOfRecord(client: SqlClient, recordId: string): Promise<number | undefined> {
  const { rows } = await client.query<{ log_index: string }>(
    'SELECT log_index FROM audit_records WHERE record_id = $1',
    [recordId],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].log_index);
}
