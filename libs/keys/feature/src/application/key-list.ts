import { objectLists } from '@coffer/contracts';
import { nameKey, pageOf, type Page, type PageRequest } from '@coffer/wire';
import { keyRowColumns, type KeyRow } from '../postgres/key-row.js';
import { viewOfRow, type KeyView } from './key-view.js';
import type { KeysPorts } from './ports.js';

type Ports = Pick<KeysPorts, 'database' | 'sealer'>;

const lists = objectLists<KeyRow>('key', keyRowColumns);

/** Active keys with the attributes of their latest version, by name. */
export async function keyList(ports: Ports, vaultId: string, request: PageRequest): Promise<Page<KeyView>> {
  const rows = await lists.active(ports.database, vaultId, request.marker ?? '', request.size + 1);
  return toPage(ports, vaultId, rows, request.size, (row) => row.name_key);
}

/** Soft-deleted keys, by name. */
export async function keyListDeleted(ports: Ports, vaultId: string, request: PageRequest): Promise<Page<KeyView>> {
  const rows = await lists.deleted(ports.database, vaultId, request.marker ?? '', request.size + 1);
  return toPage(ports, vaultId, rows, request.size, (row) => row.name_key);
}

/** Versions of one active key, oldest first; empty when there is no such key. */
export async function keyListVersions(
  ports: Ports,
  vaultId: string,
  name: string,
  request: PageRequest,
): Promise<Page<KeyView>> {
  const key = { vaultId, nameKey: nameKey(name) };
  const rows = await lists.versions(ports.database, key, Number(request.marker ?? 0), request.size + 1);
  return toPage(ports, vaultId, rows, request.size, (row) => row.ordinal);
}

async function toPage(
  ports: Ports,
  vaultId: string,
  rows: readonly KeyRow[],
  size: number,
  markerOf: (row: KeyRow) => string,
): Promise<Page<KeyView>> {
  const page = pageOf(rows, size, markerOf);
  return { ...page, items: await Promise.all(page.items.map((row) => viewOfRow(ports.sealer, vaultId, row))) };
}
