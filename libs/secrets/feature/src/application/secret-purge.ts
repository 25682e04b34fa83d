import { purgeByRequest, type ObjectToDestroy } from '@coffer/contracts';
import { materialDigests, retryConflicts } from '@coffer/event-sourcing';
import { toUnixSeconds } from '@coffer/kernel';
import type { PurgeSecret } from '@coffer/secrets-domain';
import type { Commander, VaultSnapshot } from '@coffer/wire';
import { deletedSecret } from './find-name.js';
import type { SecretsPorts } from './ports.js';
import type { SecretCommands, SecretOutcome } from './secret-commands.js';
import { SECRET } from './secret-stream.js';

const NO_CONTENT = 204;

/** Destroys a soft-deleted secret for good. Throws SecretNotFound, PurgeProtected. */
export async function secretPurge(
  ports: SecretsPorts,
  commands: SecretCommands,
  by: Commander,
  vault: VaultSnapshot,
  name: string,
): Promise<void> {
  const because = purgeByRequest(vault);
  await retryConflicts(async () => {
    const { objectId, objectDek } = await deletedSecret(ports, by.vaultId, name);
    await destroySecret(ports, commands, by, { objectId, name, because, objectDek });
  });
}

/** One attempt: digests of what stands there, then the append that deletes it. Throws Conflict when a version was set meanwhile. */
export async function destroySecret(
  ports: Pick<SecretsPorts, 'database'>,
  commands: SecretCommands,
  by: Commander,
  { objectId, name, because, objectDek }: ObjectToDestroy,
): Promise<SecretOutcome> {
  const digests = await materialDigests(ports.database, objectId, SECRET);
  const command: PurgeSecret = { type: 'PurgeSecret', name, now: toUnixSeconds(by.now), because, digests };
  const material = { deleteObjects: [objectId] };
  const request = { objectId, command, material, ...(objectDek === undefined ? {} : { objectDek }) };
  return commands.run(by, request, NO_CONTENT);
}
