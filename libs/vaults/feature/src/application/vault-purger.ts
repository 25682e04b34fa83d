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

  /** `now`: milliseconds since the epoch. Returns how many were purged; throws at the first that cannot be. */
  async purgeDue(now: number): Promise<number> {
    const by: Commander = {
      now,
      meta: { actor: { oid: PRINCIPAL }, correlationId: newId(), region: this.ports.region },
    };
    let purged = 0;
    for (;;) {
      const due = await vaultsDue(this.ports.database, new Date(now), PAGE);
      for (const vaultId of due) {
        await this.commands.vault(by, vaultId, { type: 'PurgeVault', now });
        purged += 1;
      }
      if (due.length < PAGE) return purged;
    }
  }
}
