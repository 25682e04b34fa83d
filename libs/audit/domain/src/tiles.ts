import { HASH_BYTES, nodeHash, type SubtreeHash } from './merkle.js';

/** Hashes of a full tile: eight levels of the tree (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;

/** One tile: hashes of subtrees of 256^`level` leaves, the `index`-th run of 256; `width` of them are there. */
export interface TileId {
  readonly level: number | 'entries';
  readonly index: number;
  /** From 1 to 256; fewer than 256 is the partial tile at the right edge. */
  readonly width: number;
}

/** Path of a tile below the log's prefix: `tile/<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last with an `x`. */
export function tilePath({ level, index, width }: TileId): string {
  const digits = String(index).padStart(Math.ceil(Math.max(String(index).length, 1) / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g) ?? [];
  const name = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

const PATH = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/;

/** The tile of a path; undefined for anything but the one spelling that a tile has. */
export function parseTilePath(path: string): TileId | undefined {
  const [, level, name, part] = PATH.exec(path) ?? [];
  if (level === undefined || name === undefined) return undefined;
  const id: TileId = {
    level: level === 'entries' ? level : Number(level),
    index: Number(name.replace(/[x/]/g, '')),
    width: part === undefined ? TILE_WIDTH : Number(part),
  };
  const fits = id.width >= 1 && id.width <= TILE_WIDTH && Number.isSafeInteger(id.index);
  return fits && tilePath(id) === path ? id : undefined;
}

/** The tiles of a tree of this size: full ones, and the partial one at the right edge of each level. */
export function tilesOf(size: number): TileId[] {
  const tiles: TileId[] = [];
  for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
    // Not as arguments of one call: there may be more of them than the stack holds.
    for (const { index, width } of runsOf(hashes)) tiles.push({ level, index, width });
  }
  return tiles;
}

/** The bundles of entries of a tree of this size. */
export function bundlesOf(size: number): TileId[] {
  return runsOf(size).map(({ index, width }) => ({ level: 'entries', index, width }));
}

function runsOf(count: number): { readonly index: number; readonly width: number }[] {
  return Array.from({ length: Math.ceil(count / TILE_WIDTH) }, (_, index) => ({
    index,
    width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH),
  }));
}

/** Reads the hashes of a tile: at least `atLeast` of 32 bytes each, one after the other. */
export type ReadTile = (level: number, index: number, atLeast: number) => Promise<Uint8Array>;

/** Hashes of complete subtrees, from tiles. */
export function subtreesIn(read: ReadTile): SubtreeHash {
  return async (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const count = 2 ** (level % TILE_HEIGHT);
    const first = index * count;
    const tile = Math.floor(first / TILE_WIDTH);
    const at = first % TILE_WIDTH;
    const hashes = await read(tileLevel, tile, at + count);
    if (hashes.length < (at + count) * HASH_BYTES) throw new RangeError('the tile is too short');
    return foldTile(hashes.subarray(at * HASH_BYTES, (at + count) * HASH_BYTES));
  };
}

/** Hash over the hashes of one complete subtree, side by side; their number is a power of two. */
export function foldTile(hashes: Uint8Array): Uint8Array {
  let level: Uint8Array[] = [];
  for (let at = 0; at < hashes.length; at += HASH_BYTES) level.push(hashes.subarray(at, at + HASH_BYTES));
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]];
      if (left === undefined || right === undefined) throw new RangeError('no complete subtree');
      next.push(nodeHash(left, right));
    }
    level = next;
  }
  const [root] = level;
  if (root === undefined) throw new RangeError('no complete subtree');
  return root;
}
