import { assertReadable, deletedSecretNotFound, secretNotFound } from '@coffer/secrets-domain';
import { nameKey } from '@coffer/wire';
import { readDeletedSecret } from '../postgres/read-secret.js';
import type { SecretsPorts } from './ports.js';
import type { SealedSecret, SecretCache } from './sealed-secret.js';
import { viewOfRow, type SecretView } from './secret-view.js';

/** A version of an active secret with its sealed value; without `version` the latest. Throws SecretNotFound, ObjectDisabled. */
export async function secretGet(
  cache: SecretCache,
  vaultId: string,
  name: string,
  version: string | undefined,
): Promise<SealedSecret> {
  const secret = await cache.get({ vaultId, nameKey: nameKey(name), version });
  if (secret === undefined) throw secretNotFound(name, version);
  assertReadable(secret.view.attributes);
  return secret;
}

/** A soft-deleted secret. Throws SecretNotFound, ObjectDisabled. */
export async function secretGetDeleted(
  ports: Pick<SecretsPorts, 'database' | 'sealer'>,
  vaultId: string,
  name: string,
): Promise<SecretView> {
  const row = await readDeletedSecret(ports.database, vaultId, nameKey(name));
  if (row === undefined) throw deletedSecretNotFound(name);
  assertReadable(row);
  return viewOfRow(ports.sealer, vaultId, row);
}
