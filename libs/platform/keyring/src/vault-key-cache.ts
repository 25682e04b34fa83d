import type { VaultKey } from '@coffer/contracts';
import type { Clock } from '@coffer/kernel';
import { LRUCache } from 'lru-cache';

export interface VaultKeyCacheOptions {
  readonly clock: Clock;
  /** KEKs in memory. */
  readonly maxKeys: number;
  /** Milliseconds after which an entry is read again. */
  readonly maxAge: number;
}

interface Entry {
  readonly vaultKey: VaultKey;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** Unwrapped KEKs in memory, bounded in number and in age. Concurrent loads of one KEK are one load. */
export class VaultKeyCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #loads = new Map<string, Promise<VaultKey>>();

  constructor(private readonly options: VaultKeyCacheOptions) {
    this.#entries = new LRUCache({
      max: options.maxKeys,
      // Whoever got the KEK has used it by now: `VaultKeySource` gives it for the same turn of the event loop only.
      dispose: ({ vaultKey }) => {
        vaultKey.key.destroy();
      },
    });
  }

  /** The cached KEK, or that of `load`. A load that an invalidation overlaps is neither kept nor joined later. */
  get(vaultId: string, name: string, load: () => Promise<VaultKey>): Promise<VaultKey> {
    const id = idOf(vaultId, name);
    const entry = this.#entries.get(id);
    if (entry !== undefined && entry.until > this.options.clock.monotonic()) return Promise.resolve(entry.vaultKey);
    return this.#loads.get(id) ?? this.#start(id, load);
  }

  invalidate(vaultId: string): void {
    const prefix = idOf(vaultId, '');
    for (const id of [...this.#loads.keys()]) if (id.startsWith(prefix)) this.#loads.delete(id);
    for (const id of [...this.#entries.keys()]) if (id.startsWith(prefix)) this.#entries.delete(id);
  }

  clear(): void {
    this.#loads.clear();
    this.#entries.clear();
  }

  #start(id: string, load: () => Promise<VaultKey>): Promise<VaultKey> {
    // The age counts from before the database is read.
    const until = this.options.clock.monotonic() + this.options.maxAge;
    const loading: Promise<VaultKey> = load().then(
      (vaultKey) => {
        if (this.#loads.get(id) !== loading) return vaultKey;
        this.#loads.delete(id);
        this.#entries.set(id, { vaultKey, until });
        return vaultKey;
      },
      (error: unknown) => {
        if (this.#loads.get(id) === loading) this.#loads.delete(id);
        throw error;
      },
    );
    this.#loads.set(id, loading);
    return loading;
  }
}

function idOf(vaultId: string, name: string): string {
  return `${vaultId}\0${name}`;
}
