import { objectScope, type DataKey } from '@coffer/contracts';
import { deletedKeyNotFound, keyNotFound } from '@coffer/keys-domain';
import { nameKey } from '@coffer/wire';
import { findKey } from '../postgres/find-key.js';
import type { KeysPorts } from './ports.js';

/** The incarnation that holds a name, with its DEK opened. */
export interface NamedKey {
  readonly objectId: string;
  readonly deleted: boolean;
  readonly objectDek: DataKey;
}

type Ports = Pick<KeysPorts, 'database' | 'sealer'>;

/** The key of this name in any state; `undefined` when the name is free. */
export async function lookUp(ports: Ports, vaultId: string, name: string): Promise<NamedKey | undefined> {
  const found = await findKey(ports.database, vaultId, nameKey(name));
  if (found === undefined) return undefined;
  const objectDek = await ports.sealer.open(objectScope(vaultId, found.objectId), found.objectDek);
  return { objectId: found.objectId, deleted: found.deleted, objectDek };
}

/** Throws KeyNotFound unless an active key holds the name. */
export async function activeKey(ports: Ports, vaultId: string, name: string, version?: string): Promise<NamedKey> {
  const found = await lookUp(ports, vaultId, name);
  if (found === undefined || found.deleted) throw keyNotFound(name, version);
  return found;
}

/** Throws KeyNotFound unless a soft-deleted key holds the name. */
export async function deletedKey(ports: Ports, vaultId: string, name: string): Promise<NamedKey> {
  const found = await lookUp(ports, vaultId, name);
  if (found?.deleted !== true) throw deletedKeyNotFound(name);
  return found;
}
