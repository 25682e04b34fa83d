import { CofferError } from '@coffer/kernel';

/** Names arrive decoded: `%2F` in one would make it two segments, and the scope another one than the handler acts on. */
const NAME = /^[^/\p{Cc}]+$/u;

/**
 * The ARM scope that the parameters of a management route name; `/` when they name none. Authorization and the handlers
 * must read it alike: what is done at another scope than was asked about is done without permission. Throws ArmBadRequest.
 */
export function armScope(params: Readonly<Record<string, string | undefined>>): string {
  const { subscriptionId, resourceGroup, vaultName } = params;
  for (const name of [subscriptionId, resourceGroup, vaultName]) {
    if (name !== undefined && !NAME.test(name)) {
      throw new CofferError('ArmBadRequest', 'The scope of the request is not valid.');
    }
  }
  if (subscriptionId === undefined) return '/';
  const subscription = `/subscriptions/${subscriptionId}`;
  // Without a group, a vault name is that of a deleted vault: those are the subscription's.
  if (resourceGroup === undefined) return subscription;
  const group = `${subscription}/resourceGroups/${resourceGroup}`;
  return vaultName === undefined ? group : `${group}/providers/Microsoft.KeyVault/vaults/${vaultName}`;
}
