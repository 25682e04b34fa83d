import { HeldLease, type VaultChange, type VaultDirectory, type VaultDirectorySource } from '@coffer/contracts';
import { LeasedCache } from '@coffer/event-sourcing';
import type { Clock } from '@coffer/kernel';
import { RateLimit, type VaultSnapshot } from '@coffer/wire';
import { vaultStreamId } from './streams.js';

interface Reference {
  readonly by: 'name' | 'id';
  readonly key: string;
}

/** Which vault a name will find is not known before: every change overtakes every load. */
const ANY_VAULT = '';

export interface RemoteDirectoryOptions {
  readonly source: VaultDirectorySource;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly onError: (error: unknown) => void;
}

/** The vaults of another process, from memory under its lease. */
export class RemoteVaultDirectory implements VaultDirectory {
  readonly lease: HeldLease<VaultChange>;
  readonly #cache: LeasedCache<Reference, VaultSnapshot>;
  readonly #confirmations: RateLimit;

  constructor(private readonly options: RemoteDirectoryOptions) {
    const { source, onError, clock } = options;
    this.lease = new HeldLease({
      open: () => source.lease(),
      apply: ({ vaultId }) => {
        this.#cache.invalidate(ANY_VAULT, [vaultStreamId(vaultId)]);
      },
      onError,
    });
    this.#cache = new LeasedCache({
      name: 'VaultDirectory',
      load: ({ by, key }) => (by === 'name' ? source.byName(key) : source.byId(key)),
      keyOf: ({ by, key }) => `${by}/${key}`,
      vaultOf: () => ANY_VAULT,
      streamsOf: ({ vaultId }) => [vaultStreamId(vaultId)],
      lease: this.lease,
    });
    this.#confirmations = new RateLimit(clock);
  }

  byName(name: string): Promise<VaultSnapshot | undefined> {
    return this.#cache.get({ by: 'name', key: name.toLowerCase() });
  }

  byId(vaultId: string): Promise<VaultSnapshot | undefined> {
    return this.#cache.get({ by: 'id', key: vaultId });
  }

  async confirm(name: string, caller: string): Promise<VaultSnapshot | 'limited' | undefined> {
    return this.#confirmations.take(caller) ? this.options.source.byName(name.toLowerCase()) : 'limited';
  }
}
