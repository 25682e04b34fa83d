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

/** A key's policy, with the key's name as it was given. */
export interface NamedPolicy {
  readonly name: string;
  readonly policy: RotationPolicy | StoredRotationPolicy;
}

/** The policy of a key; one that was never set has no dates. Throws KeyNotFound. */
export async function keyRotationPolicyGet(
  { database }: Pick<KeysPorts, 'database'>,
  vaultId: string,
  name: string,
): Promise<NamedPolicy> {
  const found = await readRotationPolicy(database, vaultId, nameKey(name));
  if (found === undefined) throw keyNotFound(name);
  return { name: found.name, policy: found.policy ?? defaultRotationPolicy };
}

/** Replaces the policy of a key. Throws BadParameter, KeyNotFound. */
export async function keyRotationPolicySet(
  ports: KeysPorts,
  commands: KeyCommands,
  by: Commander,
  name: string,
  request: RotationPolicyRequest,
): Promise<NamedPolicy> {
  const policy = rotationPolicyOf(request);
  const { objectId, objectDek } = await activeKey(ports, by.vaultId, name);
  const command = { type: 'SetRotationPolicy', name, now: toUnixSeconds(by.now), policy } as const;
  const { state } = await commands.run(by, { objectId, objectDek, command });
  if (state.status !== 'active' || state.rotationPolicy === undefined) throw keyNotFound(name);
  return { name: state.name, policy: state.rotationPolicy };
}
