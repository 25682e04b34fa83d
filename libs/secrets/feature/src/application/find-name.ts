import { objectScope, type DataKey } from '@coffer/contracts';
import { deletedSecretNotFound, secretNotFound } from '@coffer/secrets-domain';
import { nameKey } from '@coffer/wire';
import { findSecret } from '../postgres/find-secret.js';
import type { SecretsPorts } from './ports.js';

/** The incarnation that holds a name, with its DEK opened. */
export interface NamedSecret {
  readonly objectId: string;
  readonly deleted: boolean;
  readonly objectDek: DataKey;
}

type Ports = Pick<SecretsPorts, 'database' | 'sealer'>;

/** The secret of this name in any state; `undefined` when the name is free. */
export async function lookUp(ports: Ports, vaultId: string, name: string): Promise<NamedSecret | undefined> {
  const found = await findSecret(ports.database, vaultId, nameKey(name));
  if (found === undefined) return undefined;
  const objectDek = await ports.sealer.open(objectScope(vaultId, found.objectId), found.objectDek);
  return { objectId: found.objectId, deleted: found.deleted, objectDek };
}

/** Throws SecretNotFound unless an active secret holds the name. */
export async function activeSecret(
  ports: Ports,
  vaultId: string,
  name: string,
  version?: string,
): Promise<NamedSecret> {
  const found = await lookUp(ports, vaultId, name);
  if (found === undefined || found.deleted) throw secretNotFound(name, version);
  return found;
}

/** Throws SecretNotFound unless a soft-deleted secret holds the name. */
export async function deletedSecret(ports: Ports, vaultId: string, name: string): Promise<NamedSecret> {
  const found = await lookUp(ports, vaultId, name);
  if (found?.deleted !== true) throw deletedSecretNotFound(name);
  return found;
}
