import type { VaultDirectory } from '@coffer/contracts';
import { retryConflicts } from '@coffer/event-sourcing';
import { isCofferError, toUnixSeconds } from '@coffer/kernel';
import { objectUri, systemAudit, systemCommander, type Commander, type VaultSnapshot } from '@coffer/wire';
import { claimDue, refreshDue, releaseClaim, type DueKey } from '../postgres/key-timers.js';
import { activeKey } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { keyRotateIfDue } from './key-rotate.js';
import type { KeysPorts } from './ports.js';

/** What a run has done. */
export interface ScheduleReport {
  readonly rotated: number;
  readonly notified: number;
  /** Keys whose timers could not be followed; a later run tries them again. */
  readonly failed: readonly { readonly vaultId: string; readonly objectId: string; readonly error: unknown }[];
}

/** What work without a request must know of vaults. */
export interface Surroundings {
  readonly vaults: Pick<VaultDirectory, 'byId'>;
  readonly vaultUrl: (vaultName: string) => string;
}

const PRINCIPAL = 'system:rotation';
const PAGE = 20;
/** A process that has not come back by then is taken for dead. */
const CLAIM_SECONDS = 120;

/**
 * Follows the timers of keys: rotates by policy, and notes near and past expiry. The timers stand in the database, so they
 * outlive every process; what is late after an outage is done once.
 */
export class KeyScheduler {
  constructor(
    private readonly ports: KeysPorts,
    private readonly commands: KeyCommands,
  ) {}

  /** `now`: milliseconds since the epoch. One bad key does not keep the others waiting. */
  async runDue(now: number, surroundings: Surroundings): Promise<ScheduleReport> {
    const failed: ScheduleReport['failed'][number][] = [];
    const followed: string[] = [];
    let rotated = 0;
    let notified = 0;
    for (let more = true; more;) {
      const page = await claimDue(this.ports.database, toUnixSeconds(now), CLAIM_SECONDS, PAGE);
      for (const key of page) {
        try {
          const done = await this.#follow(key, now, surroundings);
          if (done === undefined) continue;
          if (done.rotated + done.notified === 0) await this.#reckonAgain(key);
          rotated += done.rotated;
          notified += done.notified;
          followed.push(key.objectId);
        } catch (error) {
          // The claim stays until it ends: that is the pause before the next try.
          failed.push({ vaultId: key.vaultId, objectId: key.objectId, error });
        }
      }
      more = page.length === PAGE;
    }
    // Now and not before: a run comes to each key once.
    for (const objectId of followed) await releaseClaim(this.ports.database, objectId);
    return { rotated, notified, failed };
  }

  /** `undefined` while the vault is deleted: nothing happens in it, and what is late is made up for when it is back. */
  async #follow(
    key: DueKey,
    now: number,
    surroundings: Surroundings,
  ): Promise<{ rotated: number; notified: number } | undefined> {
    const vault = await surroundings.vaults.byId(key.vaultId);
    if (vault === undefined) throw new Error('there is no vault of this id');
    if (vault.state === 'deleted') return undefined;
    try {
      const notified =
        (await this.#notify('Expired', key, now, vault, surroundings)) ||
        (await this.#notify('NearExpiry', key, now, vault, surroundings));
      const rotated = await this.#rotate(key, now, vault, surroundings);
      return { rotated: Number(rotated), notified: Number(notified) };
    } catch (error) {
      if (isCofferError(error, 'KeyNotFound')) return { rotated: 0, notified: 0 }; // deleted meanwhile
      throw error;
    }
  }

  /** Its timer was of other rules, by which it would come up in every run. */
  #reckonAgain({ objectId }: DueKey): Promise<void> {
    return this.ports.database.transaction((client) => refreshDue(client, objectId));
  }

  #rotate(key: DueKey, now: number, vault: VaultSnapshot, { vaultUrl }: Surroundings): Promise<boolean> {
    const by = this.#system('KeyRotateIfDue', key, now, vault, vaultUrl);
    return keyRotateIfDue(this.ports, this.commands, by, key.name, (version) => {
      by.audit?.describe({ id: objectUri(vaultUrl(vault.name), 'keys', key.name, version) });
    });
  }

  #notify(
    notice: 'Expired' | 'NearExpiry',
    key: DueKey,
    now: number,
    vault: VaultSnapshot,
    { vaultUrl }: Surroundings,
  ): Promise<boolean> {
    return retryConflicts(async () => {
      const { objectId, objectDek } = await activeKey(this.ports, key.vaultId, key.name);
      const by = this.#system(`Key${notice}EventGridNotification`, key, now, vault, vaultUrl);
      const command = { type: 'NotifyExpiry', notice, name: key.name, now: toUnixSeconds(now) } as const;
      return (await this.commands.run(by, { objectId, objectDek, command })).events.length > 0;
    });
  }

  #system(
    operation: string,
    key: DueKey,
    now: number,
    vault: VaultSnapshot,
    vaultUrl: Surroundings['vaultUrl'],
  ): Commander {
    const { region } = this.ports;
    const by = systemCommander(PRINCIPAL, key.vaultId, now, region);
    const uri = objectUri(vaultUrl(vault.name), 'keys', key.name);
    const { correlationId } = by.meta;
    const who = { service: 'crypto-gateway', oid: PRINCIPAL, reason: 'Scheduled' } as const;
    const work = { ...who, operation, region, vault, uri, correlationId, now };
    return { ...by, audit: systemAudit(work) };
  }
}
