import { topics } from '@coffer/contracts';
import { Processor, type Feed, type FeedSubscription, type OwnerLog } from '@coffer/event-sourcing';
import { createCheckpointStore, isTransient } from '@coffer/event-store-postgres';
import type { Logger } from '@coffer/nest';
import { isVaultPurged } from '@coffer/vaults-feature';
import type { ServiceCore } from './service.js';

export interface VaultConsumer {
  readonly core: ServiceCore;
  readonly feed: Feed;
  /** The log of vault management. */
  readonly owner: OwnerLog;
  readonly log: Logger;
  readonly consumer: string;
}

/**
 * Calls `purge` for every vault that is purged, once its log says so. `purge` may run again after a crash, so it must not
 * mind what is gone already; the checkpoint moves when it has succeeded.
 */
export function onVaultPurged(
  { core, feed, owner, log, consumer }: VaultConsumer,
  purge: (vaultId: string) => Promise<void>,
): Promise<FeedSubscription> {
  return vaultProcessor({ core, feed, owner, log, consumer }, purge).start(feed);
}

export function vaultProcessor(
  { core, owner, log, consumer }: VaultConsumer,
  purge: (vaultId: string) => Promise<void>,
): Processor {
  return new Processor({
    consumer,
    topic: topics.vaults,
    database: core.database,
    checkpoints: createCheckpointStore(core.database),
    owner,
    apply: async (_client, event) => {
      if (isVaultPurged(event)) await purge(event.vaultId);
    },
    onParked: (vaultId, seq, err) => {
      log.error(
        { err, consumer, vaultId, seq },
        'an event could not be applied: its vault is parked (coffer-admin release)',
      );
    },
    isTransient,
  });
}
