import { toUnixSeconds, type Tags } from '@coffer/kernel';
import type { ReleaseRequest } from '@coffer/keys-domain';
import type { Commander } from '@coffer/wire';
import { activeKey } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { viewOfState, type KeyView } from './key-view.js';
import type { KeysPorts } from './ports.js';

/** Members that are absent stay as they are. */
export interface UpdateKey extends ReleaseRequest {
  readonly name: string;
  /** Absent means the latest. */
  readonly version: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
  readonly keyOps?: readonly string[] | undefined;
  readonly tags?: Tags | undefined;
}

/** Changes attributes, `key_ops` or tags of one version. Throws KeyNotFound, BadParameter. */
export async function keyUpdate(
  ports: KeysPorts,
  commands: KeyCommands,
  by: Commander,
  request: UpdateKey,
): Promise<KeyView> {
  const { objectId, objectDek } = await activeKey(ports, by.vaultId, request.name, request.version);
  const command = { type: 'UpdateVersion', now: toUnixSeconds(by.now), ...request } as const;
  const { state } = await commands.run(by, { objectId, objectDek, command });
  return viewOfState(state, request.version);
}
