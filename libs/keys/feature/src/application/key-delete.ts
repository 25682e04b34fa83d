import { materialDigests, retryConflicts } from '@coffer/event-sourcing';
import { toUnixSeconds } from '@coffer/kernel';
import { keyNotFound } from '@coffer/keys-domain';
import type { Commander, VaultSnapshot } from '@coffer/wire';
import { activeKey } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { viewOfState, type KeyView } from './key-view.js';
import type { KeysPorts } from './ports.js';

/**
 * Deletes a key with all its versions. In a vault with soft-delete it can be recovered until its scheduled purge date;
 * without, it is destroyed at once and the answer has no `deletion`. Throws KeyNotFound.
 */
export function keyDelete(
  ports: KeysPorts,
  commands: KeyCommands,
  by: Commander,
  vault: VaultSnapshot,
  name: string,
): Promise<KeyView> {
  return vault.enableSoftDelete
    ? softDelete(ports, commands, by, name, vault.softDeleteRetentionInDays)
    : retryConflicts(() => destroy(ports, commands, by, name));
}

async function softDelete(
  ports: KeysPorts,
  commands: KeyCommands,
  by: Commander,
  name: string,
  retentionInDays: number,
): Promise<KeyView> {
  const { objectId, objectDek } = await activeKey(ports, by.vaultId, name);
  const now = toUnixSeconds(by.now);
  const command = { type: 'DeleteKey', name, now, softDelete: { retentionInDays } } as const;
  return viewOfState((await commands.run(by, { objectId, objectDek, command })).state);
}

async function destroy(ports: KeysPorts, commands: KeyCommands, by: Commander, name: string): Promise<KeyView> {
  const { objectId, objectDek } = await activeKey(ports, by.vaultId, name);
  const before = await commands.load(objectId, objectDek);
  if (before.status !== 'active') throw keyNotFound(name);
  const digests = await materialDigests(ports.database, objectId, 'key');
  const command = { type: 'DeleteKey', name, now: toUnixSeconds(by.now), softDelete: { digests } } as const;
  await commands.run(by, { objectId, objectDek, command, material: { deleteObjects: [objectId] } });
  return viewOfState(before);
}
