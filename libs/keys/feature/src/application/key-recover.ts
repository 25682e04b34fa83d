import { toUnixSeconds } from '@coffer/kernel';
import type { Commander } from '@coffer/wire';
import { deletedKey } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { viewOfState, type KeyView } from './key-view.js';
import type { KeysPorts } from './ports.js';

/** Makes a soft-deleted key active again, with all its versions. Throws KeyNotFound. */
export async function keyRecover(
  ports: KeysPorts,
  commands: KeyCommands,
  by: Commander,
  name: string,
): Promise<KeyView> {
  const { objectId, objectDek } = await deletedKey(ports, by.vaultId, name);
  const command = { type: 'RecoverKey', name, now: toUnixSeconds(by.now) } as const;
  return viewOfState((await commands.run(by, { objectId, objectDek, command })).state);
}
