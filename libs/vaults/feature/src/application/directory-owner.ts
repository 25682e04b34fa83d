import { serveLease, type ChangeHub, type VaultDirectoryOwner } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';
import { findVaultById, findVaultByName } from '../postgres/find-vault.js';
import { snapshotOf } from './local-directory.js';
import { vaultStreamId } from './streams.js';

/**
 * The directory as other processes ask it. Look-ups read the database, never this instance's memory: a holder may have heard
 * of a change from another instance already, and what it asks for then must be as new.
 */
export function createDirectoryOwner(database: SqlClient, hub: ChangeHub): VaultDirectoryOwner {
  return {
    byName: async (name) => {
      const row = await findVaultByName(database, name.toLowerCase());
      return row === undefined ? undefined : snapshotOf(row);
    },
    byId: async (vaultId) => {
      const row = await findVaultById(database, vaultId);
      return row === undefined ? undefined : snapshotOf(row);
    },
    lease: (call) =>
      serveLease(hub, call, ({ vaultId, streamIds }) =>
        streamIds.includes(vaultStreamId(vaultId)) ? { vaultId } : undefined,
      ),
  };
}
