import { entryBytes, foldTile, HASH_BYTES, leafHash, TILE_WIDTH } from '@coffer/audit-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import * as sql from '../postgres/tree.js';

/** Records of one transaction. */
const BATCH = 1_000;

/**
 * Takes the next sequenced records into the tree: entries, leaf hashes, and the tiles that they change. Returns how many
 * were taken; undefined while another instance does it. Throws when the log has a gap.
 */
export async function growTree(client: SqlClient): Promise<number | undefined> {
  const size = await sql.lockTree(client);
  if (size === undefined) return undefined;
  const rows = await sql.selectRecordsFrom(client, size, BATCH);
  if (rows.length === 0) return 0;
  const entries = rows.map((row, i) => {
    if (Number(row.log_index) !== size + i) throw new Error(`the log has no record ${size + i}`);
    return toEntry(row);
  });
  await sql.insertEntries(client, size, entries);
  await appendHashes(client, 0, size, entries.map(leafHash));
  await sql.setTreeSize(client, size + entries.length);
  return entries.length;
}

function toEntry(row: sql.SequencedRow): Buffer {
  const vault = row.vault_id === null ? {} : { vaultId: row.vault_id, vaultIndex: Number(row.vault_index) };
  return entryBytes({ index: Number(row.log_index), recordHash: row.record_hash, ...vault });
}

/** Adds hashes behind the first `count` of a level; each tile that becomes full is one hash of the level above. */
async function appendHashes(client: SqlClient, level: number, count: number, added: readonly Buffer[]): Promise<void> {
  let tile = Math.floor(count / TILE_WIDTH);
  const before = count % TILE_WIDTH === 0 ? Buffer.alloc(0) : await sql.selectTile(client, level, tile);
  if (before?.length !== (count % TILE_WIDTH) * HASH_BYTES) throw new Error('a tile does not fit the size of the tree');
  let hashes = Buffer.concat([before, ...added]);
  const full: Buffer[] = [];
  while (hashes.length >= TILE_WIDTH * HASH_BYTES) {
    const whole = hashes.subarray(0, TILE_WIDTH * HASH_BYTES);
    await sql.upsertTile(client, level, tile, whole);
    full.push(Buffer.from(foldTile(whole)));
    hashes = hashes.subarray(whole.length);
    tile += 1;
  }
  if (hashes.length > 0) await sql.upsertTile(client, level, tile, hashes);
  if (full.length > 0) await appendHashes(client, level + 1, Math.floor(count / TILE_WIDTH), full);
}
