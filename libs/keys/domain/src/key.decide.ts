import { isToBePurged, type Decider, type MaterialDigest, type PurgeReason } from '@coffer/event-sourcing';
import { assertNever, changedMeanwhile, CofferError, defined, nameIsSoftDeleted, type Tags } from '@coffer/kernel';
import { assertMadeHere, assertSamePurpose } from './exchange-key.js';
import type { Named } from './key-command.js';
import { deletedKeyNotFound, keyNotFound } from './key-errors.js';
import { assertStays, changedRelease, releaseOfNew, type ReleaseRequest } from './key-release.js';
import { keyOpsOf } from './key-ops.js';
import { typeMembersOf, type KeySpec, type PublicJwk } from './key-spec.js';
import { evolve, noKey, replay, type KeyAttributes, type KeyEvent, type KeyState } from './key.js';
import type { ExchangeKeyName, KeyOrigin } from './key-origin.js';
import { restoreKey, type RestoreKey } from './restore.decide.js';
import {
  notifyExpiry,
  rotateKey,
  setRotationPolicy,
  type NotifyExpiry,
  type RotateKey,
  type SetRotationPolicy,
} from './rotation.decide.js';

const SECONDS_PER_DAY = 86_400;

export interface CreateVersion extends Named, KeyAttributes, ReleaseRequest {
  readonly type: 'CreateVersion';
  readonly version: string;
  readonly spec: KeySpec;
  readonly public: PublicJwk;
  /** As requested; absent means the type's defaults. */
  readonly keyOps?: readonly string[] | undefined;
  readonly tags?: Tags | undefined;
  readonly materialId: string;
  readonly origin?: KeyOrigin | undefined;
  readonly wrappedBy?: ExchangeKeyName | undefined;
}

/** Members that are absent stay as they are; `tags` replaces the whole map. */
export interface UpdateVersion extends Named, ReleaseRequest {
  readonly type: 'UpdateVersion';
  /** Absent means the latest. */
  readonly version?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
  readonly keyOps?: readonly string[] | undefined;
  readonly tags?: Tags | undefined;
}

export interface DeleteKey extends Named {
  readonly type: 'DeleteKey';
  /** Without soft-delete the key is destroyed at once: `digests` of its ciphertexts are needed. */
  readonly softDelete: { readonly retentionInDays: number } | { readonly digests: readonly MaterialDigest[] };
}

export interface RecoverKey extends Named {
  readonly type: 'RecoverKey';
}

export interface PurgeKey extends Named {
  readonly type: 'PurgeKey';
  readonly because: PurgeReason;
  readonly digests: readonly MaterialDigest[];
}

export type KeyCommand =
  | CreateVersion
  | RestoreKey
  | UpdateVersion
  | RotateKey
  | SetRotationPolicy
  | NotifyExpiry
  | DeleteKey
  | RecoverKey
  | PurgeKey;

export function decide(command: KeyCommand, state: KeyState): readonly KeyEvent[] {
  switch (command.type) {
    case 'CreateVersion':
      return createVersion(command, state);
    case 'RestoreKey':
      return restoreKey(command, state);
    case 'UpdateVersion':
      return updateVersion(command, state);
    case 'RotateKey':
      return rotateKey(command, state);
    case 'SetRotationPolicy':
      return setRotationPolicy(command, state);
    case 'NotifyExpiry':
      return notifyExpiry(command, state);
    case 'DeleteKey':
      return deleteKey(command, state);
    case 'RecoverKey':
      if (state.status !== 'deleted') throw deletedKeyNotFound(command.name);
      return [{ type: 'KeyRecovered', data: { name: state.name } }];
    case 'PurgeKey':
      return purgeKey(command, state);
    default:
      return assertNever(command);
  }
}

export const keyDecider: Decider<KeyState, KeyCommand, KeyEvent> = { initialState: noKey, decide, evolve, replay };

function createVersion(command: CreateVersion, state: KeyState): KeyEvent[] {
  if (state.status === 'deleted') throw nameIsSoftDeleted('key', state.name);
  // The name has moved on to another incarnation, or is free: the caller of this decision looks it up again.
  if (state.status === 'purged') throw new CofferError('Conflict', 'The key was purged meanwhile. Please retry.');
  if (state.status === 'active' && state.versions.has(command.version)) {
    throw new CofferError('Conflict', 'This version of the key exists already.');
  }
  const { version, spec, enabled, nbf, exp, tags, materialId, origin, wrappedBy, now } = command;
  const release = releaseOfNew(command, state.status === 'active' ? state.versions.get(state.latest) : undefined);
  const keyOps = keyOpsOf(spec.kty, command.keyOps, release.exportable);
  assertStays(spec, release);
  assertMadeHere(keyOps, origin);
  const data = {
    name: state.status === 'active' ? state.name : command.name,
    version,
    ...typeMembersOf(spec),
    public: command.public,
    keyOps,
    enabled,
    ...defined({ nbf, exp }),
    created: now,
    materialId,
    ...defined({ origin, wrappedBy }),
    ...release,
  };
  return [{ type: 'KeyVersionCreated', data, ...(tags === undefined ? {} : { sealed: { tags } }) }];
}

function updateVersion(command: UpdateVersion, state: KeyState): KeyEvent[] {
  const current = state.status === 'active' ? state.versions.get(command.version ?? state.latest) : undefined;
  if (state.status !== 'active' || current === undefined) throw keyNotFound(command.name, command.version);
  const { enabled, nbf, exp, tags } = command;
  const keyOps = command.keyOps && keyOpsOf(current.public.kty, command.keyOps, current.exportable);
  if (keyOps !== undefined) assertSamePurpose(current.keyOps, keyOps);
  const releasePolicy = changedRelease(command, current);
  if ([enabled, nbf, exp, keyOps, releasePolicy, tags].every((member) => member === undefined)) return [];
  const data = {
    name: state.name,
    version: current.version,
    ...defined({ enabled, nbf, exp, keyOps, releasePolicy }),
    // The clock may have moved back; `updated` does not.
    updated: Math.max(command.now, current.updated),
  };
  return [{ type: 'KeyVersionUpdated', data, ...(tags === undefined ? {} : { sealed: { tags } }) }];
}

function deleteKey(command: DeleteKey, state: KeyState): KeyEvent[] {
  if (state.status !== 'active') throw keyNotFound(command.name);
  const { softDelete, now } = command;
  const deleted = { name: state.name, deletedDate: now };
  if ('digests' in softDelete) {
    return [{ type: 'KeyDeleted', data: deleted }, purged(state, softDelete.digests)];
  }
  const scheduledPurgeDate = now + softDelete.retentionInDays * SECONDS_PER_DAY;
  return [{ type: 'KeyDeleted', data: { ...deleted, scheduledPurgeDate } }];
}

function purgeKey({ because, digests, name, now }: PurgeKey, state: KeyState): KeyEvent[] {
  return isToBePurged(state, because, now, () => deletedKeyNotFound(name)) ? [purged(state, digests)] : [];
}

function purged(
  state: Extract<KeyState, { status: 'active' | 'deleted' }>,
  digests: readonly MaterialDigest[],
): KeyEvent {
  const versions = [...state.versions.keys()];
  const known = new Set(digests.map((digest) => digest.version));
  // The digests were read before this decision: a version made in between would be destroyed without a trace.
  if (versions.some((version) => !known.has(version))) {
    throw changedMeanwhile('key');
  }
  return { type: 'KeyPurged', data: { name: state.name, versions, digests } };
}
