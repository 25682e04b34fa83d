import type { VaultDirectory } from '@coffer/contracts';
import { LeasedCache } from '@coffer/event-sourcing';
import type { VaultSnapshot } from '@coffer/wire';
import { findVaultById, findVaultByName } from '../postgres/find-vault.js';
import { resourceIdOf, type VaultRow } from '../postgres/vault-row.js';
import type { VaultsPorts } from './ports.js';
import { vaultStreamId } from './streams.js';

interface Reference {
  readonly by: 'name' | 'id';
  readonly key: string;
}

/** Which vault a name will find is not known before: every write of this service overtakes every load. */
const ANY_VAULT = '';

/** The vaults of this service, from memory under its lease. */
export class LocalVaultDirectory implements VaultDirectory {
  readonly #cache: LeasedCache<Reference, VaultSnapshot>;

  constructor({ database, store, lease }: Pick<VaultsPorts, 'database' | 'store' | 'lease'>) {
    this.#cache = new LeasedCache({
      name: 'VaultDirectory',
      load: async ({ by, key }) => {
        const row = await (by === 'name' ? findVaultByName(database, key) : findVaultById(database, key));
        return row === undefined ? undefined : snapshotOf(row);
      },
      keyOf: ({ by, key }) => `${by}/${key}`,
      vaultOf: () => ANY_VAULT,
      streamsOf: ({ vaultId }) => [vaultStreamId(vaultId)],
      lease,
    });
    store.onAppend((_vaultId, streamIds) => {
      this.#cache.invalidate(ANY_VAULT, streamIds);
    });
  }

  byName(name: string): Promise<VaultSnapshot | undefined> {
    return this.#cache.get({ by: 'name', key: name.toLowerCase() });
  }

  byId(vaultId: string): Promise<VaultSnapshot | undefined> {
    return this.#cache.get({ by: 'id', key: vaultId });
  }
}

/** The vault as the data plane sees it. */
export function snapshotOf(row: VaultRow): VaultSnapshot {
  const { settings } = row;
  return {
    vaultId: row.vault_id,
    name: row.name,
    resourceId: resourceIdOf(row),
    location: row.location,
    tenantId: settings.tenantId,
    sku: settings.sku,
    state: row.deleted_at === null ? 'active' : 'deleted',
    enableSoftDelete: settings.enableSoftDelete,
    softDeleteRetentionInDays: settings.softDeleteRetentionInDays,
    enablePurgeProtection: settings.enablePurgeProtection,
    enableRbacAuthorization: settings.enableRbacAuthorization,
    accessPolicies: row.access_policies,
    revision: row.revision,
  };
}
