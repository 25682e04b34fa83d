import {
  consistencyProof,
  signCheckpoint,
  subtreesIn,
  treeHash,
  verifyConsistency,
  type NoteKey,
} from '@coffer/audit-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import * as sql from '../postgres/tree.js';

/** The tree does not extend the last head that was signed: somebody has changed what is stored. */
export class TamperedLogError extends Error {
  override readonly name = 'TamperedLogError';
}

/** An unchanged head is dated anew after this time. */
export const REPEAT_MS = 3_000;

/**
 * Signs the tree as it is, if it has grown; never another root for a size that was signed, never a smaller tree. Throws
 * TamperedLogError when the stored tree does not extend the last signed one, and signs nothing then.
 */
export async function publishHead(client: SqlClient, signer: NoteKey, now: number): Promise<void> {
  const size = await sql.lockTree(client);
  if (size === undefined) return;
  const last = await sql.selectLastHead(client);
  if (last !== undefined && size === last.size) {
    if (now - last.publishedAt >= REPEAT_MS) await sql.touchHead(client, size, now);
    return;
  }
  const subtree = subtreesIn(sql.tileReader(client));
  const root = await treeHash(size, subtree);
  if (last !== undefined && last.size > 0) {
    const proof = size > last.size ? await consistencyProof(last.size, size, subtree) : [];
    if (!verifyConsistency(last, { size, root }, proof)) {
      throw new TamperedLogError(`the tree of ${size} entries does not extend the signed one of ${last.size}`);
    }
  }
  const note = signCheckpoint({ origin: signer.name, size, root }, signer);
  await sql.insertHead(client, { size, root: Buffer.from(root), note, publishedAt: now });
}
