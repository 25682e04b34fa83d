import { isDeepStrictEqual } from 'node:util';
import { assertNever } from '@coffer/kernel';
import type { Decider } from '@coffer/event-sourcing';
import {
  requireAccessPolicies,
  updateAccessPolicies,
  type AccessPolicy,
  type AccessPolicyUpdateKind,
} from './access-policies.js';
import { normalizeLocation } from './location.js';
import { requireTags, type Tags } from './tags.js';
import { evolveVault, noVault, type Vault, type VaultEvent, type VaultPlacement, type VaultState } from './vault.js';
import * as refuse from './vault-refusals.js';
import { requireVaultName } from './vault-name.js';
import { newSettings, patchedSettings, replacedSettings, type RequestedSettings } from './vault-settings.js';

/** A vault as a PUT or PATCH describes it; absent means "not said". */
export interface RequestedVault {
  readonly settings: RequestedSettings;
  readonly accessPolicies?: readonly AccessPolicy[];
  readonly tags?: Tags;
}

export type VaultCommand =
  /** PUT: creates, or replaces what exists at the same place. `placement.vaultId` counts for a creation only. */
  | {
      readonly type: 'PutVault';
      readonly placement: VaultPlacement;
      readonly requested: RequestedVault;
      readonly apiVersion: string;
    }
  | { readonly type: 'PatchVault'; readonly requested: RequestedVault }
  | {
      readonly type: 'UpdateAccessPolicies';
      readonly kind: AccessPolicyUpdateKind;
      readonly accessPolicies: readonly AccessPolicy[];
    }
  /** `now`: milliseconds since the epoch. */
  | { readonly type: 'DeleteVault'; readonly now: number }
  | { readonly type: 'RecoverVault'; readonly placement: Omit<VaultPlacement, 'vaultId'> }
  /** `now`: milliseconds since the epoch. `retention`: nobody asked; does nothing unless the vault is due. */
  | { readonly type: 'PurgeVault'; readonly now: number; readonly because?: 'retention' };

const DAY = 86_400_000;

export const vaultDecider: Decider<VaultState, VaultCommand, VaultEvent> = {
  initialState: noVault,
  evolve: evolveVault,
  decide: (command, state) => {
    switch (command.type) {
      case 'PutVault':
        return put(command, state);
      case 'PatchVault':
        return update(
          active(state),
          patchedSettings(active(state).settings, command.requested.settings),
          command.requested,
        );
      case 'UpdateAccessPolicies':
        return updatePolicies(active(state), command.kind, command.accessPolicies);
      case 'DeleteVault':
        return remove(active(state), command.now);
      case 'RecoverVault':
        return recover(command.placement, state);
      case 'PurgeVault':
        return purge(state, command.now, command.because === 'retention');
      default:
        return assertNever(command);
    }
  },
};

function put(command: Extract<VaultCommand, { type: 'PutVault' }>, state: VaultState): VaultEvent[] {
  const { placement, requested, apiVersion } = command;
  switch (state.status) {
    case 'none':
      return [create(placement, requested, apiVersion)];
    case 'active': {
      if (!sameGroup(state.vault, placement)) throw refuse.nameTaken(placement.name);
      if (!sameLocation(state.vault, placement)) throw refuse.otherLocation(state.vault, placement.location);
      const { tags = {} } = requested;
      return update(state.vault, replacedSettings(state.vault.settings, requested.settings), { ...requested, tags });
    }
    case 'deleted':
      throw sameSubscription(state.vault, placement) ? refuse.inDeletedState() : refuse.nameTaken(placement.name);
    case 'purged':
      throw refuse.changedMeanwhile();
    default:
      return assertNever(state);
  }
}

function create(placement: VaultPlacement, requested: RequestedVault, apiVersion: string): VaultEvent {
  return {
    type: 'VaultCreated',
    data: {
      ...placement,
      name: requireVaultName(placement.name),
      location: normalizeLocation(placement.location),
      settings: newSettings(requested.settings, apiVersion),
      accessPolicies: requireAccessPolicies(requested.accessPolicies ?? []),
      tags: requireTags(requested.tags ?? {}),
    },
  };
}

/** What changed, and nothing when nothing did. */
function update(vault: Vault, settings: Vault['settings'], requested: RequestedVault): VaultEvent[] {
  const tags = requireTags(requested.tags ?? vault.tags);
  const events: VaultEvent[] = [];
  if (!isDeepStrictEqual([settings, tags], [vault.settings, vault.tags])) {
    events.push({ type: 'VaultUpdated', data: { settings, tags } });
  }
  return requested.accessPolicies === undefined
    ? events
    : [...events, ...policiesBecome(vault, requireAccessPolicies(requested.accessPolicies))];
}

function updatePolicies(vault: Vault, kind: AccessPolicyUpdateKind, changes: readonly AccessPolicy[]): VaultEvent[] {
  return policiesBecome(vault, updateAccessPolicies(vault.accessPolicies, kind, requireAccessPolicies(changes)));
}

function policiesBecome(vault: Vault, accessPolicies: readonly AccessPolicy[]): VaultEvent[] {
  if (isDeepStrictEqual(accessPolicies, vault.accessPolicies)) return [];
  return [{ type: 'VaultAccessPoliciesReplaced', data: { accessPolicies } }];
}

/** Without soft-delete a deletion is final at once. */
function remove(vault: Vault, now: number): VaultEvent[] {
  const { name, settings } = vault;
  const deletedAt = new Date(now).toISOString();
  if (!settings.enableSoftDelete) {
    return [
      { type: 'VaultDeleted', data: { name, deletedAt, scheduledPurgeAt: deletedAt } },
      { type: 'VaultPurged', data: { name } },
    ];
  }
  const scheduledPurgeAt = new Date(now + settings.softDeleteRetentionInDays * DAY).toISOString();
  return [{ type: 'VaultDeleted', data: { name, deletedAt, scheduledPurgeAt } }];
}

/** Recovery needs the place the vault was deleted from; its access policies come back with it. */
function recover(placement: Omit<VaultPlacement, 'vaultId'>, state: VaultState): VaultEvent[] {
  if (state.status !== 'deleted' || !sameGroup(state.vault, placement) || !sameLocation(state.vault, placement)) {
    throw refuse.nothingDeleted(placement.name);
  }
  return [{ type: 'VaultRecovered', data: { name: state.vault.name } }];
}

function purge(state: VaultState, now: number, onlyIfDue: boolean): VaultEvent[] {
  const isDue = state.status === 'deleted' && now >= Date.parse(state.scheduledPurgeAt);
  // Since it was found due it may have been recovered, and deleted again for another term.
  if (onlyIfDue && !isDue) return [];
  if (state.status !== 'deleted') throw refuse.noDeletedVault();
  const { name, settings } = state.vault;
  if (settings.enablePurgeProtection && !isDue) throw refuse.purgeProtected(name);
  return [{ type: 'VaultPurged', data: { name } }];
}

function active(state: VaultState): Vault {
  if (state.status !== 'active') throw refuse.noVault();
  return state.vault;
}

function sameSubscription(a: { subscriptionId: string }, b: { subscriptionId: string }): boolean {
  return a.subscriptionId.toLowerCase() === b.subscriptionId.toLowerCase();
}

function sameGroup(a: Omit<VaultPlacement, 'vaultId'>, b: Omit<VaultPlacement, 'vaultId'>): boolean {
  return sameSubscription(a, b) && a.resourceGroup.toLowerCase() === b.resourceGroup.toLowerCase();
}

function sameLocation(a: { location: string }, b: { location: string }): boolean {
  return normalizeLocation(a.location) === normalizeLocation(b.location);
}
