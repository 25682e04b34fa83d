import { CofferError } from '@coffer/kernel';
import type { Vault } from './vault.js';
import { printable } from './vault-name.js';

/** The errors of vault commands, in Azure's words (azure-api b.7, d.1). */
export function nameTaken(name: string): CofferError {
  return new CofferError(
    'VaultAlreadyExists',
    `The vault name '${printable(name)}' is already in use. Vault names are globaly unique so it is possible that the name is ` +
      'already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was ' +
      'recently deleted but not purged after being placed in a recoverable state. If the vault is in a recoverable state then the ' +
      'vault will need to be purged before reusing the name. For more information on soft delete and purging a vault follow this ' +
      'link https://go.microsoft.com/fwlink/?linkid=2147740.',
  );
}

export function inDeletedState(): CofferError {
  return new CofferError(
    'VaultDeletedStateConflict',
    'A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. ' +
      'Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.',
  );
}

export function nothingDeleted(name: string): CofferError {
  return new CofferError(
    'SoftDeletedVaultDoesNotExist',
    `A soft deleted vault with the given name '${printable(name)}' does not exist. Ensure that the name for the vault that is being ` +
      'attempted to recover is in a recoverable state. For more information on soft delete please follow this link ' +
      'https://go.microsoft.com/fwlink/?linkid=2149745',
  );
}

export function otherLocation(vault: Vault, location: string): CofferError {
  return new CofferError(
    'Conflict',
    `The resource '${vault.name}' already exists in location '${vault.location}' in resource group '${vault.resourceGroup}'. ` +
      `A resource with the same name cannot be created in location '${printable(location)}'. Please select a new resource name.`,
  );
}

export function purgeProtected(name: string): CofferError {
  return new CofferError(
    'MethodNotAllowed',
    "Operation 'DeletedVaultPurge' is not allowed because purge protection is enabled for this vault. Key Vault service will " +
      `automatically purge it after the retention period has passed. Vault name: ${name}`,
  );
}

/** The handler that knows the path words the 404; these arise when the vault changed after it was found. */
export function noVault(): CofferError {
  return new CofferError('ResourceNotFound', 'The vault was not found.');
}

export function noDeletedVault(): CofferError {
  return new CofferError('ResourceNotFound', 'The specified deleted vault does not exist.');
}

export function changedMeanwhile(): CofferError {
  return new CofferError('Conflict', 'The vault was changed by another request at the same time. Please retry.');
}
