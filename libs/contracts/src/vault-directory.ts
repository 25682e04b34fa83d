import type { VaultSnapshot } from '@coffer/wire';

/** Finds vaults for the data plane. Owner: vault management (proto/vault_directory.proto). */
export interface VaultDirectory {
  /**
   * The vault of this name (compared case-insensitively), active or soft-deleted; `undefined` when there is none.
   * Never stale: a change that was acknowledged before the call began is seen. Throws ServiceUnavailable.
   */
  byName(name: string): Promise<VaultSnapshot | undefined>;
  byId(vaultId: string): Promise<VaultSnapshot | undefined>;
}
