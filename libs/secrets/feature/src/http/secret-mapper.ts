import type { SecretBytes } from '@coffer/kernel';
import { objectUri, toWireAttributes, type VaultRequestContext } from '@coffer/wire';
import type { SecretView } from '../application/secret-view.js';

type Context = Pick<VaultRequestContext, 'baseUrl' | 'vault' | 'apiVersion'>;
type Json = Record<string, unknown>;

/** `SecretBundle` (azure-api a.2) with the value: only set and get answer so. From here on the plaintext is the caller's. */
export function toSecretBundleWithValue(view: SecretView, value: SecretBytes, context: Context): Json {
  return { value: value.expose().toString('utf8'), ...toSecretBundle(view, context) };
}

/** `SecretBundle` without the value; also the `SecretItem` of the list of versions. */
export function toSecretBundle(view: SecretView, context: Context): Json {
  return { id: objectUri(context.baseUrl, 'secrets', view.name, view.version), ...description(view, context) };
}

/** `DeletedSecretBundle`; of a secret that was destroyed at once, without recovery members. */
export function toDeletedSecretBundle(view: SecretView, context: Context): Json {
  return { ...deletion(view, context), ...toSecretBundle(view, context) };
}

/** `SecretItem` of the list of secrets: the identifier carries no version. */
export function toSecretItem(view: SecretView, context: Context): Json {
  return { id: objectUri(context.baseUrl, 'secrets', view.name), ...description(view, context) };
}

/** `DeletedSecretItem`. */
export function toDeletedSecretItem(view: SecretView, context: Context): Json {
  return { ...deletion(view, context), ...toSecretItem(view, context) };
}

function description({ attributes, contentType, tags }: SecretView, { vault, apiVersion }: Context): Json {
  return {
    ...(contentType === undefined ? {} : { contentType }),
    attributes: toWireAttributes(attributes, vault, apiVersion),
    ...(tags === undefined ? {} : { tags }),
  };
}

function deletion({ name, deletion: dates }: SecretView, { baseUrl }: Context): Json {
  if (dates === undefined) return {};
  return {
    recoveryId: objectUri(baseUrl, 'deletedsecrets', name),
    deletedDate: dates.deletedDate,
    scheduledPurgeDate: dates.scheduledPurgeDate,
  };
}
