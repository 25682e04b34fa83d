import { retryConflicts, type PurgeReason } from '@coffer/event-sourcing';
import type { Clock } from '@coffer/kernel';
import type { VaultSnapshot } from '@coffer/wire';
import { systemCommander, type Commander } from '@coffer/wire/commander';
import type { DataKey } from './sealer.js';

/** An object that stands to be purged without a caller. */
export interface PurgeCandidate {
  readonly vaultId: string;
  readonly objectId: string;
  readonly name: string;
  readonly nameKey: string;
  /** Unix seconds; 0 for an object that is not deleted. */
  readonly due: number;
}

export interface ObjectToDestroy {
  readonly objectId: string;
  readonly name: string;
  readonly because: PurgeReason;
  /** Absent when the vault's KEK may be gone: then nothing of the object is read any more. */
  readonly objectDek?: DataKey;
}

/** Why an object of this vault is purged when a caller asks for it. */
export function purgeByRequest(vault: VaultSnapshot): PurgeReason {
  const vaultName = `${vault.name};location=${vault.location}`;
  return { reason: 'request', purgeProtection: vault.enablePurgeProtection, vaultName };
}

/** Objects of one kind, and how one of them is destroyed. */
export interface Purgeable {
  /** Objects of a vault in any state, in the order of their name keys, after `after` ('' to begin). */
  ofVault(vaultId: string, after: string, limit: number): Promise<readonly PurgeCandidate[]>;
  /** Soft-deleted objects whose retention has ended at `now` (Unix seconds), in the order of `due` and `objectId`. */
  due(
    now: number,
    after: { readonly due: number; readonly objectId: string },
    limit: number,
  ): Promise<readonly PurgeCandidate[]>;
  /** The incarnation that holds a name. */
  lookUp(
    vaultId: string,
    name: string,
  ): Promise<{ readonly objectId: string; readonly objectDek: DataKey } | undefined>;
  /** One attempt; no events when there is nothing to destroy. Throws Conflict. */
  destroy(by: Commander, object: ObjectToDestroy): Promise<{ readonly events: readonly unknown[] }>;
}

/** What a run of the retention's end has done. */
export interface PurgeReport {
  readonly purged: number;
  /** Objects that could not be purged; the next run tries them again. */
  readonly failed: readonly { readonly vaultId: string; readonly objectId: string; readonly error: unknown }[];
}

const PAGE = 100;
const PRINCIPAL = 'system:purge';

/** Purges that no caller asks for; they act as the principal `system:purge`. */
export class ObjectPurger {
  constructor(
    private readonly service: { readonly clock: Clock; readonly region: string },
    private readonly objects: Purgeable,
  ) {}

  /**
   * Destroys every object of a vault, active or deleted, whatever its protection says: the vault itself has been purged.
   * Idempotent. Returns how many this call destroyed; throws at the first that cannot be.
   */
  async purgeVault(vaultId: string): Promise<number> {
    let purged = 0;
    let after = '';
    for (;;) {
      const page = await this.objects.ofVault(vaultId, after, PAGE);
      for (const candidate of page) {
        if (await this.#destroyWithVault(candidate)) purged += 1;
        after = candidate.nameKey;
      }
      if (page.length < PAGE) return purged;
    }
  }

  /** Destroys the soft-deleted objects whose scheduled purge date is not after `now` (milliseconds since the epoch). */
  async purgeDue(now: number): Promise<PurgeReport> {
    let purged = 0;
    const failed: PurgeReport['failed'][number][] = [];
    let after = { due: 0, objectId: '' };
    for (;;) {
      const page = await this.objects.due(Math.floor(now / 1000), after, PAGE);
      for (const candidate of page) {
        try {
          if (await this.#destroyDue(candidate, now)) purged += 1;
        } catch (error) {
          failed.push({ vaultId: candidate.vaultId, objectId: candidate.objectId, error });
        }
        after = candidate;
      }
      if (page.length < PAGE) return { purged, failed };
    }
  }

  async #destroyWithVault({ vaultId, objectId, name }: PurgeCandidate): Promise<boolean> {
    const by = this.#system(vaultId, this.service.clock.now());
    const object = { objectId, name, because: { reason: 'vault' } } as const;
    const { events } = await retryConflicts(() => this.objects.destroy(by, object));
    return events.length > 0;
  }

  #destroyDue({ vaultId, objectId, name }: PurgeCandidate, now: number): Promise<boolean> {
    return retryConflicts(async () => {
      const held = await this.objects.lookUp(vaultId, name);
      if (held?.objectId !== objectId) return false;
      const { objectDek } = held;
      const by = this.#system(vaultId, now);
      const { events } = await this.objects.destroy(by, {
        objectId,
        name,
        because: { reason: 'retention' },
        objectDek,
      });
      return events.length > 0;
    });
  }

  #system(vaultId: string, now: number): Commander {
    return systemCommander(PRINCIPAL, vaultId, now, this.service.region);
  }
}
