import { materialDigests, retryConflicts } from '@coffer/event-sourcing';
import { toUnixSeconds } from '@coffer/kernel';
import type { Commander, VaultSnapshot } from '@coffer/wire';
import { activeSecret } from './find-name.js';
import type { SecretsPorts } from './ports.js';
import type { SecretCommands } from './secret-commands.js';
import { SECRET } from './secret-stream.js';
import { viewOfVersion, type SecretView } from './secret-view.js';

/**
 * Deletes a secret with all its versions. In a vault with soft-delete it can be recovered until its scheduled purge date;
 * without, it is destroyed at once and the answer has no `deletion`. Throws SecretNotFound.
 */
export function secretDelete(
  ports: SecretsPorts,
  commands: SecretCommands,
  by: Commander,
  vault: VaultSnapshot,
  name: string,
): Promise<SecretView> {
  return vault.enableSoftDelete
    ? softDelete(ports, commands, by, name, vault.softDeleteRetentionInDays)
    : retryConflicts(() => destroy(ports, commands, by, name));
}

async function softDelete(
  ports: SecretsPorts,
  commands: SecretCommands,
  by: Commander,
  name: string,
  retentionInDays: number,
): Promise<SecretView> {
  const { objectId, objectDek } = await activeSecret(ports, by.vaultId, name);
  // Read first: a purge may follow before the answer is made. The dates of the deletion come from the decision.
  const view = await viewOfVersion(ports, { vaultId: by.vaultId, objectId, name }, undefined);
  const command = { type: 'DeleteSecret', name, now: toUnixSeconds(by.now), softDelete: { retentionInDays } } as const;
  const { state } = await commands.run(by, { objectId, objectDek, command });
  if (state.status !== 'deleted' || state.scheduledPurgeDate === undefined) return view;
  const { deletedDate, scheduledPurgeDate } = state;
  return { ...view, deletion: { deletedDate, scheduledPurgeDate } };
}

async function destroy(
  ports: SecretsPorts,
  commands: SecretCommands,
  by: Commander,
  name: string,
): Promise<SecretView> {
  const { objectId, objectDek } = await activeSecret(ports, by.vaultId, name);
  const view = await viewOfVersion(ports, { vaultId: by.vaultId, objectId, name }, undefined);
  const digests = await materialDigests(ports.database, objectId, SECRET);
  const command = { type: 'DeleteSecret', name, now: toUnixSeconds(by.now), softDelete: { digests } } as const;
  await commands.run(by, { objectId, objectDek, command, material: { deleteObjects: [objectId] } });
  return view;
}
