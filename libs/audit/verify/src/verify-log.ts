import {
  bundlesOf,
  canonicalJson,
  foldTile,
  leafHash,
  nodeHash,
  openCheckpoint,
  parseBundle,
  parseEntry,
  recordHash,
  tilePath,
  tilesOf,
  treeHash,
  TILE_WIDTH,
  type Checkpoint,
  type LogEntry,
  type NoteKey,
  type SubtreeHash,
} from '@coffer/audit-domain';

/** Why a log is not accepted. */
export type Reason =
  | 'signature' // a tree head is not signed by the log's key
  | 'fork' // a tree head that the log signed is not one of this log
  | 'root' // the entries are not those that the tree head commits to
  | 'tile' // a tile, or a bundle of entries, is missing or not what it must be
  | 'order' // an entry says that it stands elsewhere
  | 'withheld' // a record of a vault is missing
  | 'record'; // a record is not the one that was logged

/** The log cannot be accepted; `reason` says in a word why, the message where. */
export class LogRefused extends Error {
  override readonly name = 'LogRefused';

  constructor(
    readonly reason: Reason,
    message: string,
  ) {
    super(message);
  }
}

/** A copy of a log, in files or elsewhere. */
export interface LogCopy {
  /** The signed tree head to verify. */
  readonly checkpoint: string;
  /** Other tree heads of the same log that somebody has kept. */
  readonly earlier?: readonly string[];
  /** Content of a path of C2SP tlog-tiles (`tile/…`); undefined when it is not there. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
  /** Readable records, each as the query answers them: with `index`, and `vaultIndex` where it is of a vault. */
  readonly records: AsyncIterable<unknown>;
}

export interface VerifyOptions {
  readonly key: NoteKey;
  /** Only the records of this vault must be there: those of its owner. */
  readonly vaultId?: string;
}

export interface Verified {
  readonly size: number;
  /** Readable records that were compared with their entries. */
  readonly records: number;
  /** Vaults whose numbering has no gap. */
  readonly vaults: number;
  readonly heads: number;
}

/**
 * Checks a copy of a log offline: the signature of its tree heads, that its entries make the tree that was signed and extend
 * each earlier one, that no entry and no record of a vault is missing, and that every record is the one that was logged.
 * Throws LogRefused.
 */
export async function verifyLog(copy: LogCopy, { key, vaultId }: VerifyOptions): Promise<Verified> {
  const head = open(copy.checkpoint, key);
  const { entries, leaves } = await readEntries(copy, head.size);
  const subtree = subtreesOf(leaves);
  if (!same(await treeHash(head.size, subtree), head.root)) {
    throw new LogRefused('root', `the ${head.size} entries do not make the tree that was signed`);
  }
  await checkTiles(copy, head.size, leaves);
  for (const note of copy.earlier ?? []) await checkEarlier(open(note, key), head, subtree);
  const vaults = checkNumbers(entries);
  const records = await checkRecords(copy.records, entries, vaultId);
  return { size: head.size, records, vaults, heads: 1 + (copy.earlier?.length ?? 0) };
}

function open(note: string, key: NoteKey): Checkpoint {
  try {
    return openCheckpoint(note, key);
  } catch (error) {
    throw new LogRefused('signature', error instanceof Error ? error.message : 'the tree head cannot be read');
  }
}

async function readEntries(
  { read }: LogCopy,
  size: number,
): Promise<{ readonly entries: readonly LogEntry[]; readonly leaves: readonly Buffer[] }> {
  const entries: LogEntry[] = [];
  const leaves: Buffer[] = [];
  for (const id of bundlesOf(size)) {
    const path = tilePath(id);
    const bundle = await read(path);
    const raw = bundle === undefined ? [] : parsed(path, () => parseBundle(bundle));
    if (raw.length !== id.width) throw new LogRefused('tile', `${path} has ${raw.length} of ${id.width} entries`);
    for (const bytes of raw) {
      const entry = parsed(path, () => parseEntry(bytes));
      if (entry.index !== entries.length) {
        throw new LogRefused('order', `the entry at ${entries.length} says that it is at ${entry.index}`);
      }
      entries.push(entry);
      leaves.push(leafHash(bytes));
    }
  }
  return { entries, leaves };
}

function parsed<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new LogRefused('tile', `${path}: ${error instanceof Error ? error.message : 'cannot be read'}`);
  }
}

/** The hashes that others verify with must be those of the entries. */
async function checkTiles({ read }: LogCopy, size: number, leaves: readonly Uint8Array[]): Promise<void> {
  const levels: Uint8Array[][] = [[...leaves]];
  for (const id of tilesOf(size)) {
    const level = Number(id.level);
    const below = levels[level - 1];
    levels[level] ??= below === undefined ? [] : fullTiles(below).map(foldTile);
    const wanted = Buffer.concat((levels[level] ?? []).slice(id.index * TILE_WIDTH, id.index * TILE_WIDTH + id.width));
    const path = tilePath(id);
    const found = await read(path);
    if (found === undefined || !same(found, wanted))
      throw new LogRefused('tile', `${path} is not the tile of its entries`);
  }
}

function fullTiles(hashes: readonly Uint8Array[]): Buffer[] {
  return Array.from({ length: Math.floor(hashes.length / TILE_WIDTH) }, (_, i) =>
    Buffer.concat(hashes.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH)),
  );
}

async function checkEarlier(earlier: Checkpoint, head: Checkpoint, subtree: SubtreeHash): Promise<void> {
  const fits =
    earlier.origin === head.origin &&
    earlier.size <= head.size &&
    same(await treeHash(earlier.size, subtree), earlier.root);
  if (!fits) throw new LogRefused('fork', `the signed tree head of ${earlier.size} entries is of another log`);
}

/** Returns the number of vaults. */
function checkNumbers(entries: readonly LogEntry[]): number {
  const next = new Map<string, number>();
  for (const { vaultId, vaultIndex, index } of entries) {
    if (vaultId === undefined) continue;
    const expected = next.get(vaultId) ?? 0;
    if (vaultIndex !== expected) {
      throw new LogRefused('withheld', `record ${expected} of vault ${vaultId} is missing before entry ${index}`);
    }
    next.set(vaultId, expected + 1);
  }
  return next.size;
}

async function checkRecords(
  records: AsyncIterable<unknown>,
  entries: readonly LogEntry[],
  onlyVault: string | undefined,
): Promise<number> {
  const seen = new Set<number>();
  for await (const record of records) {
    const { index, vaultIndex, ...logged } = record as { readonly index?: unknown; readonly vaultIndex?: unknown };
    const entry = typeof index === 'number' ? entries[index] : undefined;
    if (entry === undefined) continue; // younger than the tree head
    const isThatRecord = recordHash(canonicalJson(logged)) === entry.recordHash && vaultIndex === entry.vaultIndex;
    if (!isThatRecord) throw new LogRefused('record', `the record at ${entry.index} is not the one that was logged`);
    seen.add(entry.index);
  }
  for (const { index, vaultId, vaultIndex } of entries) {
    if (seen.has(index) || (onlyVault !== undefined && vaultId !== onlyVault)) continue;
    const which = vaultId === undefined ? '' : `, ${vaultIndex ?? 0} of vault ${vaultId},`;
    throw new LogRefused('withheld', `the record at ${index}${which} is missing`);
  }
  return seen.size;
}

/** Subtrees of leaves that are all in memory; each is computed once. */
function subtreesOf(leaves: readonly Uint8Array[]): SubtreeHash {
  const levels: Uint8Array[][] = [[...leaves]];
  return (level, index) => {
    while (levels.length <= level) {
      const below = levels.at(-1) ?? [];
      levels.push(
        Array.from({ length: Math.floor(below.length / 2) }, (_, i) =>
          nodeHash(below[2 * i] ?? new Uint8Array(), below[2 * i + 1] ?? new Uint8Array()),
        ),
      );
    }
    const hash = levels[level]?.[index];
    return hash === undefined ? Promise.reject(new RangeError('no such subtree')) : Promise.resolve(hash);
  };
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
