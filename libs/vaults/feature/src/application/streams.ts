import { streamIdOf } from '@coffer/event-sourcing';

/** Stands for a vault id: subscriptions and resource groups share one log, which is no vault's. */
export const DIRECTORY_LOG = 'directory';

export const vaultStreamId = (vaultId: string): string => streamIdOf('vault', vaultId);
export const subscriptionStreamId = (subscriptionId: string): string =>
  streamIdOf('subscription', subscriptionId.toLowerCase());
export const resourceGroupStreamId = (resourceGroupId: string): string => streamIdOf('resourcegroup', resourceGroupId);
