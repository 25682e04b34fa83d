import { CofferError } from '@coffer/kernel';
import { printable } from '@coffer/vaults-domain';

/** ARM's texts for what a path names and what is not there (azure-api b.7). */
export function vaultNotFound(name: string, group: string): CofferError {
  return new CofferError(
    'ResourceNotFound',
    `The Resource 'Microsoft.KeyVault/vaults/${printable(name)}' under resource group '${printable(group)}' was not found. ` +
      'For more details please go to https://aka.ms/ARMResourceNotFoundFix',
  );
}

export function deletedVaultNotFound(name: string): CofferError {
  return new CofferError('ResourceNotFound', `The specified deleted vault '${printable(name)}' does not exist.`);
}

export function resourceGroupNotFound(name: string): CofferError {
  return new CofferError('ResourceGroupNotFound', `Resource group '${printable(name)}' could not be found.`);
}

export function subscriptionNotFound(subscriptionId: string): CofferError {
  return new CofferError('SubscriptionNotFound', `The subscription '${printable(subscriptionId)}' could not be found.`);
}

export function locationNotAvailable(location: string, available: string, type: string): CofferError {
  return new CofferError(
    'ArmBadRequest',
    `The provided location '${printable(location)}' is not available for resource type '${type}'. ` +
      `List of available regions for the resource type is '${available}'.`,
  );
}
