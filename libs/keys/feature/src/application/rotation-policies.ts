import { toUnixSeconds } from '@coffer/kernel';
import {
  defaultRotationPolicy,
  keyNotFound,
  rotationPolicyOf,
  type RotationPolicy,
  type RotationPolicyRequest,
  type StoredRotationPolicy,
} from '@coffer/keys-domain';
import { nameKey, type Commander } from '@coffer/wire';
import { readRotationPolicy } from '../postgres/key-timers.js';
import { activeKey } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import type { KeysPorts } from './ports.js';

/** The policy of a key; one that was never set has no dates. Throws KeyNotFound. */
export async function keyRotationPolicyGet(
  { database }: Pick<KeysPorts, 'database'>,
  vaultId: string,
  name: string,
): Promise<RotationPolicy | StoredRotationPolicy> {
  const policy = await readRotationPolicy(database, vaultId, nameKey(name));
  if (policy === undefined) throw keyNotFound(name);
  return policy ?? defaultRotationPolicy;
}

/** Replaces the policy of a key. Throws BadParameter, KeyNotFound. */
export async function keyRotationPolicySet(
  ports: KeysPorts,
  commands: KeyCommands,
  by: Commander,
  name: string,
  request: RotationPolicyRequest,
): Promise<StoredRotationPolicy> {
  const policy = rotationPolicyOf(request);
  const { objectId, objectDek } = await activeKey(ports, by.vaultId, name);
  const command = { type: 'SetRotationPolicy', name, now: toUnixSeconds(by.now), policy } as const;
  const { state } = await commands.run(by, { objectId, objectDek, command });
  if (state.status !== 'active' || state.rotationPolicy === undefined) throw keyNotFound(name);
  return state.rotationPolicy;
}
