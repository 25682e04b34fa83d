import { newId } from '@coffer/kernel';
import { vaultsDue } from '../postgres/list-vaults.js';
import type { Commander, VaultCommands } from './commands.js';
import type { VaultsPorts } from './ports.js';

const PAGE = 100;
const PRINCIPAL = 'system:purge';

/** Purges soft-deleted vaults when their retention has ended; acts as the principal `system:purge`. */
export class VaultPurger {
  constructor(
    private readonly ports: Pick<VaultsPorts, 'database' | 'region'>,
    private readonly commands: VaultCommands,
  ) {}

  /**
   * `now`: milliseconds since the epoch. Returns how many were purged. One that cannot be purged keeps none of the others:
   * all are tried, then an AggregateError tells what failed; the next run tries again.
   */
  async purgeDue(now: number): Promise<number> {
    const by: Commander = {
      now,
      meta: { actor: { oid: PRINCIPAL }, correlationId: newId(), region: this.ports.region },
    };
    let purged = 0;
    const failed: unknown[] = [];
    let after = '';
    for (;;) {
      const due = await vaultsDue(this.ports.database, new Date(now), after, PAGE);
      for (const vaultId of due) {
        after = vaultId;
        try {
          const command = { type: 'PurgeVault', now, because: 'retention' } as const;
          const { events } = await this.commands.vault(by, vaultId, command);
          if (events.length > 0) purged += 1;
        } catch (error) {
          failed.push(new Error(`vault ${vaultId} could not be purged`, { cause: error }));
        }
      }
      if (due.length < PAGE) break;
    }
    if (failed.length > 0) throw new AggregateError(failed, `${failed.length} vaults could not be purged`);
    return purged;
  }
}
