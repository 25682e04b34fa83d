import { objectScope, type DataKey, type Sealer } from '@coffer/contracts';
import { deletedSecretNotFound, secretNotFound } from '@coffer/secrets-domain';
import { nameKey } from '@coffer/wire';
import { findSecrets, type FoundSecret } from '../postgres/find-secret.js';
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
  const [found] = await findSecrets(ports.database, [{ vaultId, nameKey: nameKey(name) }]);
  return found === undefined ? undefined : openNamed(ports.sealer, vaultId, found);
}

export async function openNamed(sealer: Sealer, vaultId: string, found: FoundSecret): Promise<NamedSecret> {
  const objectDek = await sealer.open(objectScope(vaultId, found.objectId), found.objectDek);
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
