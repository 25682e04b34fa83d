import { generateKeyPairSync } from 'node:crypto';
import {
  bundlesOf,
  canonicalJson,
  entryBundle,
  entryBytes,
  foldTile,
  leafHash,
  parseVerifierKey,
  recordHash,
  signCheckpoint,
  subtreesIn,
  tilePath,
  tilesOf,
  treeHash,
  verifierKey,
  type LogEntry,
} from '@coffer/audit-domain';
import { verifyLog, type LogCopy, type Reason } from './verify-log.js';

const signer = { name: 'audit.test', key: generateKeyPairSync('ed25519').privateKey };
const key = parseVerifierKey(verifierKey(signer));

interface Wire {
  index: number;
  vaultIndex?: number;
  recordId: string;
  operationName: string;
}

/** A log as an honest server keeps it: two vaults and records outside vaults, in turn. */
class HonestLog {
  readonly records: Wire[] = [];
  readonly entries: LogEntry[] = [];

  constructor(size: number) {
    const next = new Map<string, number>();
    for (let index = 0; index < size; index += 1) {
      const vaultId = [undefined, 'vault-a', 'vault-b'][index % 3];
      const logged = { recordId: `r${index}`, operationName: 'KeySign' };
      const vaultIndex = vaultId === undefined ? undefined : (next.get(vaultId) ?? 0);
      if (vaultId !== undefined && vaultIndex !== undefined) next.set(vaultId, vaultIndex + 1);
      const numbers = vaultId === undefined || vaultIndex === undefined ? {} : { vaultId, vaultIndex };
      this.entries.push({ index, recordHash: recordHash(canonicalJson(logged)), ...numbers });
      this.records.push({ ...logged, index, ...(vaultIndex === undefined ? {} : { vaultIndex }) });
    }
  }

  async copy(
    size = this.entries.length,
  ): Promise<LogCopy & { readonly files: Map<string, Uint8Array>; records: AsyncIterable<unknown> }> {
    const files = this.#files(size);
    return {
      checkpoint: await this.head(size),
      files,
      read: (path) => Promise.resolve(files.get(path)),
      records: iterate(this.records),
    };
  }

  /** A signed tree head of the first `size` entries. */
  async head(size: number): Promise<string> {
    const files = this.#files(size);
    const subtree = subtreesIn((level, index, atLeast) => {
      const [, tile] = [...files].find(([path]) => path.startsWith(tilePath({ level, index, width: 256 }))) ?? [];
      if (tile === undefined || tile.length < atLeast * 32) throw new Error('no tile');
      return Promise.resolve(tile);
    });
    return signCheckpoint({ origin: signer.name, size, root: await treeHash(size, subtree) }, signer);
  }

  #files(size: number): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    const bytes = this.entries.slice(0, size).map(entryBytes);
    for (const id of bundlesOf(size))
      files.set(tilePath(id), entryBundle(bytes.slice(id.index * 256, id.index * 256 + id.width)));
    const levels: Uint8Array[][] = [bytes.map(leafHash)];
    for (const id of tilesOf(size)) {
      const level = Number(id.level);
      const below = levels[level - 1] ?? [];
      levels[level] ??= Array.from({ length: Math.floor(below.length / 256) }, (_, i) =>
        foldTile(Buffer.concat(below.slice(i * 256, (i + 1) * 256))),
      );
      files.set(tilePath(id), Buffer.concat((levels[level] ?? []).slice(id.index * 256, id.index * 256 + id.width)));
    }
    return files;
  }
}

async function* iterate(items: readonly unknown[]): AsyncGenerator {
  for (const item of items) yield await Promise.resolve(item);
}

const SIZE = 700;
const refusal = async (copy: LogCopy, options = {}): Promise<Reason | 'accepted'> => {
  try {
    await verifyLog(copy, { key, ...options });
    return 'accepted';
  } catch (error) {
    return (error as { reason: Reason }).reason;
  }
};

describe('the verifier', () => {
  it('accepts an honest log with all its earlier heads, and counts what it has seen', async () => {
    const log = new HonestLog(SIZE);
    const earlier = await Promise.all([1, 3, 256, 257, 699].map((size) => log.head(size)));
    expect(await verifyLog({ ...(await log.copy()), earlier }, { key })).toEqual({
      size: SIZE,
      records: SIZE,
      vaults: 2,
      heads: 6,
    });
  });

  it('refuses a record that was changed', async () => {
    const log = new HonestLog(SIZE);
    const record = log.records[300];
    if (record !== undefined) log.records[300] = { ...record, operationName: 'KeyGet' };
    expect(await refusal(await log.copy())).toBe('record');
  });

  it('refuses a record that was removed, and one that was removed with its entry', async () => {
    const log = new HonestLog(SIZE);
    const signed = await log.head(SIZE);
    log.records.splice(300, 1);
    expect(await refusal(await log.copy())).toBe('withheld');
    log.entries.splice(300, 1);
    expect(await refusal({ ...(await log.copy()), checkpoint: signed })).toBe('order');
  });

  it('refuses records that changed places', async () => {
    const log = new HonestLog(SIZE);
    const [a, b] = [log.records[3], log.records[6]];
    if (a !== undefined && b !== undefined)
      [log.records[3], log.records[6]] = [
        { ...b, index: 3 },
        { ...a, index: 6 },
      ];
    expect(await refusal(await log.copy())).toBe('record');
  });

  it('refuses entries that changed places', async () => {
    const log = new HonestLog(SIZE);
    const signed = await log.head(SIZE);
    const [a, b] = [log.entries[3], log.entries[6]];
    if (a !== undefined && b !== undefined) [log.entries[3], log.entries[6]] = [b, a];
    expect(await refusal({ ...(await log.copy()), checkpoint: signed })).toBe('order');
    const renumbered = new HonestLog(SIZE);
    if (a !== undefined && b !== undefined)
      [renumbered.entries[3], renumbered.entries[6]] = [
        { ...b, index: 3 },
        { ...a, index: 6 },
      ];
    expect(await refusal({ ...(await renumbered.copy()), checkpoint: signed })).toBe('root');
  });

  it("refuses a log from which a vault's record was withheld before it was signed", async () => {
    const log = new HonestLog(SIZE);
    // As a dishonest server would: never logged, everything behind it moved up.
    const at = log.entries.findIndex(({ vaultId, vaultIndex }) => vaultId === 'vault-a' && vaultIndex === 50);
    log.entries.splice(at, 1);
    log.records.splice(at, 1);
    log.entries.forEach((entry, index) => (log.entries[index] = { ...entry, index }));
    log.records.forEach((record, index) => (log.records[index] = { ...record, index }));
    expect(await refusal(await log.copy())).toBe('withheld');
  });

  it('refuses a signed head of another history, of the same size or earlier, and one of another key', async () => {
    const log = new HonestLog(SIZE);
    const fork = new HonestLog(SIZE);
    fork.entries[10] = { index: 10, recordHash: recordHash('other'), ...vaultOf(fork.entries[10]) };
    for (const size of [SIZE, 100]) {
      expect(await refusal({ ...(await log.copy()), earlier: [await fork.head(size)] })).toBe('fork');
    }
    expect(await refusal({ ...(await log.copy()), earlier: [await fork.head(10)] })).toBe('accepted');
    const stranger = { name: signer.name, key: generateKeyPairSync('ed25519').privateKey };
    const checkpoint = signCheckpoint({ origin: signer.name, size: 0, root: Buffer.alloc(32) }, stranger);
    expect(await refusal({ ...(await log.copy()), checkpoint })).toBe('signature');
  });

  it('refuses a tile that is not of its entries, or missing', async () => {
    const log = new HonestLog(SIZE);
    const changed = await log.copy();
    changed.files.set('tile/1/000.p/2', Buffer.alloc(64));
    expect(await refusal(changed)).toBe('tile');
    const missing = await log.copy();
    missing.files.delete('tile/0/001');
    expect(await refusal(missing)).toBe('tile');
  });

  it("lets a vault's owner check with their own records alone", async () => {
    const log = new HonestLog(SIZE);
    const own = log.records.filter(({ index }) => log.entries[index]?.vaultId === 'vault-a');
    const copy = { ...(await log.copy()), records: iterate(own) };
    expect(await refusal(copy, { vaultId: 'vault-a' })).toBe('accepted');
    expect(await refusal({ ...copy, records: iterate(own.slice(1)) }, { vaultId: 'vault-a' })).toBe('withheld');
    expect(await refusal({ ...copy, records: iterate(own) })).toBe('withheld');
  });
});

function vaultOf(entry: LogEntry | undefined) {
  const { vaultId, vaultIndex } = entry ?? {};
  return vaultId === undefined || vaultIndex === undefined ? {} : { vaultId, vaultIndex };
}
