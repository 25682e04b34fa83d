import { eventSealer, objectScope, type Sealer } from '@coffer/contracts';
import { defined } from '@coffer/kernel';
import { secretNotFound, type SecretDescription } from '@coffer/secrets-domain';
import type { ObjectAttributes } from '@coffer/wire';
import { readVersion } from '../postgres/read-secret.js';
import type { SecretRow } from '../postgres/secret-row.js';
import type { SecretsPorts } from './ports.js';

/** A secret version as answers show it, without its value. Times are Unix seconds. */
export interface SecretView extends SecretDescription {
  readonly name: string;
  readonly version: string;
  readonly attributes: ObjectAttributes;
  /** Of a soft-deleted secret. */
  readonly deletion?: { readonly deletedDate: number; readonly scheduledPurgeDate: number };
}

/** The view of a row; opens the object's DEK when there is text to read. */
export async function viewOfRow(sealer: Sealer, vaultId: string, row: SecretRow): Promise<SecretView> {
  const { name, version, enabled, nbf, exp, created, updated } = row;
  const { deleted_date: deletedDate, scheduled_purge_date: scheduledPurgeDate } = row;
  const dates = defined({ nbf: seconds(nbf), exp: seconds(exp) });
  return {
    name,
    version,
    attributes: { enabled, ...dates, created: Number(created), updated: Number(updated) },
    ...(await describe(sealer, vaultId, row)),
    ...(deletedDate === null || scheduledPurgeDate === null
      ? {}
      : { deletion: { deletedDate: Number(deletedDate), scheduledPurgeDate: Number(scheduledPurgeDate) } }),
  };
}

/** The present view of a version that is known to exist, whatever the secret's state. Throws SecretNotFound once it is purged. */
export async function viewOfVersion(
  { database, sealer }: Pick<SecretsPorts, 'database' | 'sealer'>,
  secret: { readonly vaultId: string; readonly objectId: string; readonly name: string },
  version: string | undefined,
): Promise<SecretView> {
  const row = await readVersion(database, secret.objectId, version);
  if (row === undefined) throw secretNotFound(secret.name, version);
  return viewOfRow(sealer, secret.vaultId, row);
}

function seconds(column: string | null): number | undefined {
  return column === null ? undefined : Number(column);
}

async function describe(sealer: Sealer, vaultId: string, row: SecretRow): Promise<SecretDescription> {
  const { sealed, sealed_content_type: sealedContentType, sealed_tags: sealedTags } = row;
  if (sealed === null && sealedContentType === null && sealedTags === null) return {};
  const wrapped = { term: row.term, wrappedDek: row.wrapped_dek };
  const events = eventSealer(await sealer.open(objectScope(vaultId, row.object_id), wrapped));
  const read = (text: string | null): SecretDescription => (text === null ? {} : (events.unseal(text) ?? {}));
  const { contentType } = read(sealedContentType ?? sealed);
  const { tags } = read(sealedTags ?? sealed);
  return defined({ contentType, tags });
}
