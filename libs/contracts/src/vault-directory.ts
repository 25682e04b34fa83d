import type { VaultSnapshot } from '@coffer/wire';

/** Finds vaults for the data plane. Owner: vault management (proto/vault_directory.proto). */
export interface VaultDirectory {
  /**
   * The vault of this name (compared case-insensitively), active or soft-deleted; `undefined` when there is none.
   * Never stale: a change that was acknowledged before the call began is seen. Throws ServiceUnavailable.
   */
  byName(name: string): Promise<VaultSnapshot | undefined>;
  byId(vaultId: string): Promise<VaultSnapshot | undefined>;
  /**
   * A second opinion before a refusal (architecture, rule 9): the vault as its owner has it now, never from memory. For
   * changes that give something, which are acknowledged before every cache knows them. `caller` is who would be refused:
   * callers are limited, and beyond their limit the answer is `'limited'` and the refusal stands. Absent where `byName`
   * already sees every change. Throws ServiceUnavailable.
   */
  confirm?(name: string, caller: string): Promise<VaultSnapshot | 'limited' | undefined>;
}
