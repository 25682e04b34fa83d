import { CofferError } from './errors.js';

export type ObjectKind = 'key' | 'secret';

const NOT_FOUND = { key: 'KeyNotFound', secret: 'SecretNotFound' } as const;
const TITLE = { key: 'Key', secret: 'Secret' } as const;
const HELP = 'For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182';

/** 404 in Azure's words (azure-api d.1). `version` may be what the caller wrote: it is shortened and made printable. */
export function objectNotFound(kind: ObjectKind, name: string, version?: string): CofferError {
  const id = version === undefined ? name : `${name}/${version.slice(0, 64).replace(/[^!-~]/g, '?')}`;
  return new CofferError(
    NOT_FOUND[kind],
    `A ${kind} with (name/id) ${id} was not found in this key vault. If you recently deleted this ${kind} you may be able to ` +
      `recover it using the correct recovery command. ${HELP}`,
  );
}

/** 404 of `/deletedkeys/{name}` and its like. */
export function deletedObjectNotFound(kind: ObjectKind, name: string): CofferError {
  return new CofferError(NOT_FOUND[kind], `Deleted ${TITLE[kind]} not found: ${name}`);
}

/** 409 while a soft-deleted object still holds the name. */
export function nameIsSoftDeleted(kind: ObjectKind, name: string): CofferError {
  return new CofferError(
    'ObjectIsDeletedButRecoverable',
    `${TITLE[kind]} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, ` +
      `the ${kind} can only be recovered or purged.`,
  );
}

/** 409 of a restore: a backup never mixes with what is there. */
export function nameIsTaken(kind: ObjectKind, name: string): CofferError {
  return new CofferError(
    'Conflict',
    `There was a conflict restoring the ${kind} ${name}: a ${kind} of this name exists.`,
  );
}

/** 403 of a purge that the vault does not allow. */
export function purgeProtected(vaultName: string): CofferError {
  return new CofferError(
    'PurgeProtected',
    'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will ' +
      `automatically purge it after the retention period has passed.\r\nVault: ${vaultName}`,
  );
}

/** 409 that is worth another try: what was read before the decision is out of date. */
export function changedMeanwhile(kind: ObjectKind): CofferError {
  return new CofferError('Conflict', `The ${kind} was changed by another request at the same time. Please retry.`);
}

/** 400 that names the member of the request, never its value. */
export function invalidProperty(member: string, message: string): CofferError {
  return new CofferError('BadParameter', `Property ${member} has invalid value\r\n${message}`);
}
