import { isToBePurged, type Decider, type MaterialDigest, type PurgeReason } from '@coffer/event-sourcing';
import { assertNever, changedMeanwhile, CofferError, defined, nameIsSoftDeleted, type Tags } from '@coffer/kernel';
import { deletedSecretNotFound, secretNotFound } from './secret-errors.js';
import {
  evolve,
  noSecret,
  type SecretAttributes,
  type SecretDescription,
  type SecretEvent,
  type SecretState,
} from './secret.js';

const SECONDS_PER_DAY = 86_400;

/** All times are Unix seconds. `name` is as the caller wrote it. */
interface Named {
  readonly name: string;
  readonly now: number;
}

interface Described {
  readonly contentType?: string | undefined;
  readonly tags?: Tags | undefined;
}

export interface SetVersion extends Named, SecretAttributes, Described {
  readonly type: 'SetVersion';
  readonly version: string;
  readonly materialId: string;
}

/** Members that are absent stay as they are; `tags` replaces the whole map. */
export interface UpdateVersion extends Named, Described {
  readonly type: 'UpdateVersion';
  /** A version that this secret has: whoever commands has seen it, and while the secret exists no version of it goes. */
  readonly version: string;
  readonly enabled?: boolean | undefined;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
}

export interface DeleteSecret extends Named {
  readonly type: 'DeleteSecret';
  /** Without soft-delete the secret is destroyed at once: `digests` of its ciphertexts are needed. */
  readonly softDelete: { readonly retentionInDays: number } | { readonly digests: readonly MaterialDigest[] };
}

export interface RecoverSecret extends Named {
  readonly type: 'RecoverSecret';
}

export interface PurgeSecret extends Named {
  readonly type: 'PurgeSecret';
  readonly because: PurgeReason;
  readonly digests: readonly MaterialDigest[];
}

export type SecretCommand = SetVersion | UpdateVersion | DeleteSecret | RecoverSecret | PurgeSecret;

export function decide(command: SecretCommand, state: SecretState): readonly SecretEvent[] {
  switch (command.type) {
    case 'SetVersion':
      return setVersion(command, state);
    case 'UpdateVersion':
      return updateVersion(command, state);
    case 'DeleteSecret':
      return deleteSecret(command, state);
    case 'RecoverSecret':
      if (state.status !== 'deleted') throw deletedSecretNotFound(command.name);
      return [{ type: 'SecretRecovered', data: { name: state.name } }];
    case 'PurgeSecret':
      return purgeSecret(command, state);
    default:
      return assertNever(command);
  }
}

export const secretDecider: Decider<SecretState, SecretCommand, SecretEvent> = {
  initialState: noSecret,
  decide,
  evolve,
};

function setVersion(command: SetVersion, state: SecretState): SecretEvent[] {
  if (state.status === 'deleted') throw nameIsSoftDeleted('secret', state.name);
  // The name has moved on to another incarnation, or is free: the caller of this decision looks it up again.
  if (state.status === 'purged') throw new CofferError('Conflict', 'The secret was purged meanwhile. Please retry.');
  const { version, enabled, nbf, exp, materialId, now } = command;
  const name = state.status === 'active' ? state.name : command.name;
  const data = { name, version, enabled, ...defined({ nbf, exp }), created: now, materialId };
  const sealed = description(command);
  return [{ type: 'SecretVersionSet', data, ...(sealed === undefined ? {} : { sealed }) }];
}

function updateVersion(command: UpdateVersion, state: SecretState): SecretEvent[] {
  const { version, enabled, nbf, exp, now } = command;
  if (state.status !== 'active') throw secretNotFound(command.name, version);
  const changed = defined({ enabled, nbf, exp });
  const sealed = description(command);
  if (Object.keys(changed).length === 0 && sealed === undefined) return [];
  const data = { name: state.name, version, ...changed, updated: now };
  if (sealed === undefined) return [{ type: 'SecretVersionUpdated', data }];
  const describes = (['contentType', 'tags'] as const).filter((member) => member in sealed);
  return [{ type: 'SecretVersionUpdated', data: { ...data, describes }, sealed }];
}

function description({ contentType, tags }: Described): (SecretDescription & Record<string, unknown>) | undefined {
  const sealed = defined({ contentType, tags });
  return Object.keys(sealed).length === 0 ? undefined : sealed;
}

function deleteSecret(command: DeleteSecret, state: SecretState): SecretEvent[] {
  if (state.status !== 'active') throw secretNotFound(command.name);
  const { softDelete, now } = command;
  const deleted = { name: state.name, deletedDate: now };
  if ('digests' in softDelete) {
    return [{ type: 'SecretDeleted', data: deleted }, purged(state, softDelete.digests)];
  }
  const scheduledPurgeDate = now + softDelete.retentionInDays * SECONDS_PER_DAY;
  return [{ type: 'SecretDeleted', data: { ...deleted, scheduledPurgeDate } }];
}

function purgeSecret({ because, digests, name, now }: PurgeSecret, state: SecretState): SecretEvent[] {
  return isToBePurged(state, because, now, () => deletedSecretNotFound(name)) ? [purged(state, digests)] : [];
}

function purged(
  state: Extract<SecretState, { status: 'active' | 'deleted' }>,
  digests: readonly MaterialDigest[],
): SecretEvent {
  // The digests were read before this decision: a version set in between would be destroyed without a trace.
  if (digests.length < state.versions) throw changedMeanwhile('secret');
  return {
    type: 'SecretPurged',
    data: { name: state.name, versions: digests.map(({ version }) => version), digests },
  };
}
