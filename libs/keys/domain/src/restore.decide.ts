import { defined, nameIsTaken, type Tags } from '@coffer/kernel';
import type { Named } from './key-command.js';
import { releaseMembers, type Releasable } from './key-release.js';
import { typeMembersOf, type KeySpec, type PublicJwk } from './key-spec.js';
import type { KeyOp } from './key-ops.js';
import type { KeyAttributes, KeyEvent, KeyState } from './key.js';
import type { ExchangeKeyName, KeyOrigin } from './key-origin.js';
import type { StoredRotationPolicy } from './rotation-policy.js';

/** A version as a backup has it. */
export interface RestoredVersion extends KeyAttributes, Releasable {
  readonly version: string;
  readonly spec: KeySpec;
  readonly public: PublicJwk;
  readonly keyOps: readonly KeyOp[];
  readonly created: number;
  readonly updated: number;
  readonly tags?: Tags | undefined;
  readonly origin?: KeyOrigin | undefined;
  readonly wrappedBy?: ExchangeKeyName | undefined;
  readonly materialId: string;
}

/** Makes a key with all its versions out of a backup. */
export interface RestoreKey extends Named {
  readonly type: 'RestoreKey';
  /** Oldest first; at least one. */
  readonly versions: readonly RestoredVersion[];
  readonly rotationPolicy?: StoredRotationPolicy | undefined;
}

/** Throws Conflict when the name's stream has begun. */
export function restoreKey({ name, versions, rotationPolicy }: RestoreKey, state: KeyState): KeyEvent[] {
  if (state.status !== 'none') throw nameIsTaken('key', name);
  const created = versions.map((version) => restoredVersion(name, version));
  if (rotationPolicy === undefined) return created;
  return [...created, { type: 'KeyRotationPolicySet', data: { name, ...rotationPolicy } }];
}

function restoredVersion(name: string, restored: RestoredVersion): KeyEvent {
  const { version, spec, keyOps, enabled, nbf, exp, created, updated, tags, origin, wrappedBy, materialId } = restored;
  const data = {
    name,
    version,
    ...typeMembersOf(spec),
    public: restored.public,
    keyOps,
    enabled,
    ...defined({ nbf, exp }),
    created,
    updated,
    materialId,
    ...defined({ origin, wrappedBy }),
    ...releaseMembers(restored),
  };
  return { type: 'KeyVersionCreated', data, ...(tags === undefined ? {} : { sealed: { tags } }) };
}
