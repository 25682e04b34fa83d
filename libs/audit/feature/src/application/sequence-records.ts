import { termReader, type RecordCheck } from '@coffer/audit-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import { insertPostings } from '../postgres/postings.js';
import { findRecords, insertRecords, widenSpans, type SequencedRecord } from '../postgres/records.js';
import { growLog, growVaults, lockLog } from '../postgres/sequence.js';

/** What the log keeps of a valid record. Not the record itself: of a batch that waits for the database all of it lives on. */
export type Entry = Omit<SequencedRecord, 'index' | 'vaultIndex'>;

/** Makes entries of records that come together. `text`: how the record came, which often is its canonical form. */
export function entryMaker(): (check: Extract<RecordCheck, { valid: true }>, text?: string) => Entry {
  const termsOf = termReader();
  return ({ record, canonical }, text) => {
    const { recordId, vaultId, time } = record;
    return { recordId, vaultId, time, terms: termsOf(record), canonical: text === canonical ? text : canonical };
  };
}

export interface SequencedBatch {
  /** Index of every record of the batch that is in the log now, by recordId. */
  readonly indexes: ReadonlyMap<string, number>;
  /** Records that carry the id of a record with other content. */
  readonly impostors: ReadonlySet<Entry>;
}

/**
 * Adds records to the log in their order: contiguous `index` in the log and `vaultIndex` in each vault, under the
 * log's lock. A record that is there already keeps its place. One with the id of a record of other content is not
 * taken for it: that would hide a fact.
 */
export async function sequenceRecords(
  client: SqlClient,
  batch: readonly Entry[],
  now: number,
): Promise<SequencedBatch> {
  const size = await lockLog(client);
  const present = await findRecords(
    client,
    batch.map(({ recordId }) => recordId),
  );
  const known = new Map([...present].map(([recordId, { canonical }]) => [recordId, canonical]));
  const fresh: Entry[] = [];
  const impostors = new Set<Entry>();
  for (const entry of batch) {
    const before = known.get(entry.recordId);
    if (before === undefined) {
      known.set(entry.recordId, entry.canonical);
      fresh.push(entry);
    } else if (before !== entry.canonical) {
      impostors.add(entry);
    }
  }
  const added = await number(client, fresh, size);
  if (added.length > 0) {
    await insertRecords(client, added, now);
    await insertPostings(client, added);
    await widenSpans(client, added);
    await growLog(client, size + added.length);
  }
  const indexes = new Map([...present].map(([recordId, { index }]) => [recordId, index]));
  for (const { recordId, index } of added) indexes.set(recordId, index);
  return { indexes, impostors };
}

async function number(client: SqlClient, fresh: readonly Entry[], size: number): Promise<SequencedRecord[]> {
  const perVault = new Map<string, number>();
  for (const { vaultId } of fresh) {
    if (vaultId !== undefined) perVault.set(vaultId, (perVault.get(vaultId) ?? 0) + 1);
  }
  const next = new Map(perVault.size === 0 ? [] : await growVaults(client, perVault));
  return fresh.map((entry, i) => {
    const { vaultId } = entry;
    const vaultIndex = vaultId === undefined ? undefined : next.get(vaultId);
    if (vaultId !== undefined && vaultIndex !== undefined) next.set(vaultId, vaultIndex + 1);
    return { ...entry, index: size + i, vaultIndex };
  });
}
