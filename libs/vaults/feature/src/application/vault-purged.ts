import type { RecordedEvent } from '@coffer/event-sourcing';
import type { VaultEvent } from '@coffer/vaults-domain';

const VAULT_PURGED: VaultEvent['type'] = 'VaultPurged';

/** True for the event (topic `coffer.vaults.v1`) after which nothing of the vault `event.vaultId` may be left anywhere. */
export function isVaultPurged(event: Pick<RecordedEvent, 'type'>): boolean {
  return event.type === VAULT_PURGED;
}
