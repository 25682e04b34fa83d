import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';

/** What a leaf of the log commits to: a record, its place, and its place among its vault's records. */
export interface LogEntry {
  /** Position in the log, from 0. */
  readonly index: number;
  /** SHA-256 of the canonical record (RFC 8785, UTF-8), lower-case hex. */
  readonly recordHash: string;
  /** Absent for records outside vaults. */
  readonly vaultId?: string;
  /** Position among the vault's records, from 0. */
  readonly vaultIndex?: number;
}

/** SHA-256 of a canonical record, lower-case hex. */
export function recordHash(canonical: string): string {
  return createHash('sha256').update(canonical, 'utf8').digest('hex');
}

/** The entry as the log holds it: canonical JSON in UTF-8. */
export function entryBytes({ index, recordHash: hash, vaultId, vaultIndex }: LogEntry): Buffer {
  return Buffer.from(canonicalJson({ index, recordHash: hash, vaultId, vaultIndex }), 'utf8');
}

/** Throws SyntaxError unless the bytes are exactly what `entryBytes` writes. */
export function parseEntry(bytes: Uint8Array): LogEntry {
  const text = Buffer.from(bytes).toString('utf8');
  const entry = JSON.parse(text) as LogEntry;
  const whole = Number.isSafeInteger(entry.index) && /^[0-9a-f]{64}$/.test(entry.recordHash);
  const vault = (entry.vaultId === undefined) === (entry.vaultIndex === undefined);
  if (!whole || !vault || !entryBytes(entry).equals(bytes)) throw new SyntaxError('not an entry of this log');
  return entry;
}

const LENGTH_BYTES = 2;

/** Entries as a bundle (C2SP tlog-tiles): each behind its length, 16 bits big-endian. */
export function entryBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** Throws SyntaxError when the bundle ends within an entry. */
export function parseBundle(bundle: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(bundle);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + LENGTH_BYTES > bytes.length) throw new SyntaxError('the bundle is cut off');
    const end = at + LENGTH_BYTES + bytes.readUInt16BE(at);
    if (end > bytes.length) throw new SyntaxError('the bundle is cut off');
    entries.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return entries;
}
