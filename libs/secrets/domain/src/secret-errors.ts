import { CofferError, deletedObjectNotFound, objectNotFound } from '@coffer/kernel';

/** 404; `version` may be what the caller wrote. */
export const secretNotFound = (name: string, version?: string): CofferError => objectNotFound('secret', name, version);

/** 404 of `/deletedsecrets/{name}`. */
export const deletedSecretNotFound = (name: string): CofferError => deletedObjectNotFound('secret', name);

/**
 * Refuses to show a disabled version, also of a soft-deleted secret. Outside nbf…exp a value is still shown (azure-api
 * a.2, "Get"): the dates tell a client what to do, they do not lock the value. Throws ObjectDisabled.
 */
export function assertReadable(version: { readonly enabled: boolean }): void {
  if (version.enabled) return;
  throw new CofferError('ObjectDisabled', 'Operation get is not allowed on a disabled secret.');
}
