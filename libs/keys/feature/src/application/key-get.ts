import { deletedKeyNotFound, keyNotFound } from '@coffer/keys-domain';
import { nameKey } from '@coffer/wire';
import { readDeletedKey, readKey } from '../postgres/read-key.js';
import { viewOfRow, type KeyView } from './key-view.js';
import type { KeysPorts } from './ports.js';

type Ports = Pick<KeysPorts, 'database' | 'sealer'>;

/** A version of an active key, usable or not; without `version` the latest. Throws KeyNotFound. */
export async function keyGet(ports: Ports, vaultId: string, name: string, version?: string): Promise<KeyView> {
  const row = await readKey(ports.database, vaultId, nameKey(name), version);
  if (row === undefined) throw keyNotFound(name, version);
  return viewOfRow(ports.sealer, vaultId, row);
}

/** A soft-deleted key. Throws KeyNotFound. */
export async function keyGetDeleted(ports: Ports, vaultId: string, name: string): Promise<KeyView> {
  const row = await readDeletedKey(ports.database, vaultId, nameKey(name));
  if (row === undefined) throw deletedKeyNotFound(name);
  return viewOfRow(ports.sealer, vaultId, row);
}
