import type { KeyHandle, Lease } from '@coffer/contracts';
import { LeasedCache } from '@coffer/event-sourcing';
import type { KeyReference, LoadKey, UsableKey } from './usable-key.js';

export interface KeyCacheOptions {
  readonly load: LoadKey;
  readonly release: (handle: KeyHandle) => void;
  readonly lease: Lease;
  /** Key versions held in memory. */
  readonly capacity?: number;
}

/** Keys ready for cryptography, each released from the provider when its last operation has ended. */
export class KeyCache extends LeasedCache<KeyReference, UsableKey> {
  constructor({ release, ...options }: KeyCacheOptions) {
    super({
      ...options,
      keyOf: ({ vaultId, nameKey, version }) => `${vaultId}/${nameKey}/${version ?? ''}`,
      vaultOf: ({ vaultId }) => vaultId,
      streamsOf: ({ streamId }) => [streamId],
      release: ({ handle }) => {
        release(handle);
      },
    });
  }
}
