import { assertNever } from '@coffer/kernel';
import type { DomainEvent } from '@coffer/event-sourcing';
import type { AccessPolicy } from './access-policies.js';
import type { Tags } from './tags.js';
import type { VaultSettings } from './vault-settings.js';

/** Where a vault stands; fixed for the life of one incarnation. */
export interface VaultPlacement {
  /** UUID minted per incarnation: a purged name starts over with another one. */
  readonly vaultId: string;
  /** As created; compares case-insensitively and is unique in the installation. */
  readonly name: string;
  readonly subscriptionId: string;
  /** As the resource group was created. */
  readonly resourceGroup: string;
  /** In comparison form (location.ts). */
  readonly location: string;
}

export interface VaultCreatedData extends VaultPlacement {
  readonly settings: VaultSettings;
  readonly accessPolicies: readonly AccessPolicy[];
  readonly tags: Tags;
}

export interface VaultDeletedData {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly deletedAt: string;
  /** ISO 8601, UTC: until then recoverable; with purge protection not purgeable before. */
  readonly scheduledPurgeAt: string;
}

export type VaultEvent =
  | DomainEvent<'VaultCreated', VaultCreatedData>
  | DomainEvent<'VaultUpdated', { readonly settings: VaultSettings; readonly tags: Tags }>
  | DomainEvent<'VaultAccessPoliciesReplaced', { readonly accessPolicies: readonly AccessPolicy[] }>
  | DomainEvent<'VaultDeleted', VaultDeletedData>
  | DomainEvent<'VaultRecovered', { readonly name: string }>
  | DomainEvent<'VaultPurged', { readonly name: string }>;

export type Vault = VaultCreatedData;

export type VaultState =
  | { readonly status: 'none' }
  | { readonly status: 'active'; readonly vault: Vault }
  | { readonly status: 'deleted'; readonly vault: Vault; readonly scheduledPurgeAt: string }
  | { readonly status: 'purged' };

export const noVault: VaultState = { status: 'none' };

export function evolveVault(state: VaultState, event: VaultEvent): VaultState {
  switch (event.type) {
    case 'VaultCreated':
      return { status: 'active', vault: event.data };
    case 'VaultUpdated':
      return withVault(state, { settings: event.data.settings, tags: event.data.tags });
    case 'VaultAccessPoliciesReplaced':
      return withVault(state, { accessPolicies: event.data.accessPolicies });
    case 'VaultDeleted':
      return state.status === 'active'
        ? { status: 'deleted', vault: state.vault, scheduledPurgeAt: event.data.scheduledPurgeAt }
        : state;
    case 'VaultRecovered':
      return state.status === 'deleted' ? { status: 'active', vault: state.vault } : state;
    case 'VaultPurged':
      return { status: 'purged' };
    default:
      return assertNever(event);
  }
}

function withVault(state: VaultState, change: Partial<Vault>): VaultState {
  if (state.status !== 'active' && state.status !== 'deleted') return state;
  return { ...state, vault: { ...state.vault, ...change } };
}
