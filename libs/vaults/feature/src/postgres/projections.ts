import type { InlineProjection, PendingEvent, SqlClient } from '@coffer/event-sourcing';
import { assertNever } from '@coffer/kernel';
import type { ResourceGroupEvent, SubscriptionEvent, VaultEvent } from '@coffer/vaults-domain';
import * as write from './write-projections.js';

type PendingOf<E extends { type: string }> = {
  [T in E as T['type']]: PendingEvent<T & { data: unknown }> & T;
}[E['type']];

/** Vaults by name: what ARM answers and what the data plane finds. */
export const vaultsProjection: InlineProjection = {
  name: 'vaults',
  tables: ['vaults'],
  handles: new Set<VaultEvent['type']>([
    'VaultCreated',
    'VaultUpdated',
    'VaultAccessPoliciesReplaced',
    'VaultDeleted',
    'VaultRecovered',
    'VaultPurged',
  ]),
  apply: async (client, events) => {
    // `handles` has selected the types, and this service alone writes them.
    for (const event of events) await applyVault(client, event as PendingOf<VaultEvent>);
  },
};

/** Subscriptions and resource groups. */
export const directoryProjection: InlineProjection = {
  name: 'directory',
  tables: ['subscriptions', 'resource_groups'],
  handles: new Set<SubscriptionEvent['type'] | ResourceGroupEvent['type']>([
    'SubscriptionCreated',
    'SubscriptionRenamed',
    'ResourceGroupCreated',
    'ResourceGroupTagged',
  ]),
  apply: async (client, events) => {
    for (const event of events)
      await applyDirectory(client, event as PendingOf<SubscriptionEvent | ResourceGroupEvent>);
  },
};

export const vaultProjections: readonly InlineProjection[] = [vaultsProjection, directoryProjection];

async function applyVault(client: SqlClient, event: PendingOf<VaultEvent>): Promise<void> {
  const { vaultId } = event;
  switch (event.type) {
    case 'VaultCreated':
      return write.insertVault(client, event.data, event);
    case 'VaultUpdated':
    case 'VaultAccessPoliciesReplaced':
      return write.updateVault(client, vaultId, event.data, event);
    case 'VaultDeleted':
      return write.setDeleted(client, vaultId, event.data, event);
    case 'VaultRecovered':
      return write.setDeleted(client, vaultId, undefined, event);
    case 'VaultPurged':
      return write.removeVault(client, vaultId);
    default:
      return assertNever(event);
  }
}

async function applyDirectory(
  client: SqlClient,
  event: PendingOf<SubscriptionEvent | ResourceGroupEvent>,
): Promise<void> {
  switch (event.type) {
    case 'SubscriptionCreated':
    case 'SubscriptionRenamed':
      return write.upsertSubscription(client, event.data.subscriptionId, event.data.displayName);
    case 'ResourceGroupCreated':
      return write.insertResourceGroup(client, event.data);
    case 'ResourceGroupTagged':
      return write.setResourceGroupTags(client, event.data.resourceGroupId, event.data.tags);
    default:
      return assertNever(event);
  }
}
