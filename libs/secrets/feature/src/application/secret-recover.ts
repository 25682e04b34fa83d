import { toUnixSeconds } from '@coffer/kernel';
import type { Commander } from '@coffer/wire';
import { deletedSecret } from './find-name.js';
import type { SecretsPorts } from './ports.js';
import type { SecretCommands } from './secret-commands.js';
import { viewOfVersion, type SecretView } from './secret-view.js';

/** Makes a soft-deleted secret active again, with all its versions; returns what was recovered. Throws SecretNotFound. */
export async function secretRecover(
  ports: SecretsPorts,
  commands: SecretCommands,
  by: Commander,
  name: string,
): Promise<SecretView> {
  const { objectId, objectDek } = await deletedSecret(ports, by.vaultId, name);
  // Read first: a purge may follow before the answer is made.
  const view = await viewOfVersion(ports, { vaultId: by.vaultId, objectId, name }, undefined);
  const command = { type: 'RecoverSecret', name, now: toUnixSeconds(by.now) } as const;
  await commands.run(by, { objectId, objectDek, command });
  return view;
}
