import { purgeByRequest, type ObjectToDestroy } from '@coffer/contracts';
import { materialDigests, retryConflicts } from '@coffer/event-sourcing';
import { toUnixSeconds } from '@coffer/kernel';
import type { PurgeKey } from '@coffer/keys-domain';
import type { Commander, VaultSnapshot } from '@coffer/wire';
import { deletedKey } from './find-name.js';
import type { KeyCommands, KeyOutcome } from './key-commands.js';
import type { KeysPorts } from './ports.js';

const NO_CONTENT = 204;

/** Destroys a soft-deleted key for good. Throws KeyNotFound, PurgeProtected. */
export async function keyPurge(
  ports: KeysPorts,
  commands: KeyCommands,
  by: Commander,
  vault: VaultSnapshot,
  name: string,
): Promise<void> {
  const because = purgeByRequest(vault);
  await retryConflicts(async () => {
    const { objectId, objectDek } = await deletedKey(ports, by.vaultId, name);
    await destroyKey(ports, commands, by, { objectId, name, because, objectDek });
  });
}

/** One attempt: digests of what stands there, then the append that deletes it. Throws Conflict when a version was added meanwhile. */
export async function destroyKey(
  ports: Pick<KeysPorts, 'database'>,
  commands: KeyCommands,
  by: Commander,
  { objectId, name, because, objectDek }: ObjectToDestroy,
): Promise<KeyOutcome> {
  const digests = await materialDigests(ports.database, objectId, 'key');
  const command: PurgeKey = { type: 'PurgeKey', name, now: toUnixSeconds(by.now), because, digests };
  return commands.run(
    by,
    {
      objectId,
      command,
      material: { deleteObjects: [objectId] },
      ...(objectDek === undefined ? {} : { objectDek }),
    },
    NO_CONTENT,
  );
}
