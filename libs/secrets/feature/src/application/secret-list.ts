import { objectLists } from '@coffer/contracts';
import { nameKey, pageOf, type Page, type PageRequest } from '@coffer/wire';
import { secretRowColumns, type SecretRow } from '../postgres/secret-row.js';
import type { SecretsPorts } from './ports.js';
import { viewOfRow, type SecretView } from './secret-view.js';

type Ports = Pick<SecretsPorts, 'database' | 'sealer'>;

const lists = objectLists<SecretRow>('secret', secretRowColumns);

/** Active secrets with the attributes of their latest version, by name. */
export async function secretList(ports: Ports, vaultId: string, request: PageRequest): Promise<Page<SecretView>> {
  const rows = await lists.active(ports.database, vaultId, request.marker ?? '', request.size + 1);
  return toPage(ports, vaultId, rows, request.size, (row) => row.name_key);
}

/** Soft-deleted secrets, by name. */
export async function secretListDeleted(
  ports: Ports,
  vaultId: string,
  request: PageRequest,
): Promise<Page<SecretView>> {
  const rows = await lists.deleted(ports.database, vaultId, request.marker ?? '', request.size + 1);
  return toPage(ports, vaultId, rows, request.size, (row) => row.name_key);
}

/** Versions of one active secret, oldest first; empty when there is no such secret. */
export async function secretListVersions(
  ports: Ports,
  vaultId: string,
  name: string,
  request: PageRequest,
): Promise<Page<SecretView>> {
  const secret = { vaultId, nameKey: nameKey(name) };
  const rows = await lists.versions(ports.database, secret, Number(request.marker ?? 0), request.size + 1);
  return toPage(ports, vaultId, rows, request.size, (row) => row.ordinal);
}

async function toPage(
  ports: Ports,
  vaultId: string,
  rows: readonly SecretRow[],
  size: number,
  markerOf: (row: SecretRow) => string,
): Promise<Page<SecretView>> {
  const page = pageOf(rows, size, markerOf);
  return { ...page, items: await Promise.all(page.items.map((row) => viewOfRow(ports.sealer, vaultId, row))) };
}
