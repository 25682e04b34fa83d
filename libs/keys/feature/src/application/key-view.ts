import { eventSealer, objectScope, type Sealer } from '@coffer/contracts';
import type { EventSealer } from '@coffer/event-sourcing';
import { CofferError, defined, type Tags } from '@coffer/kernel';
import {
  releaseMembers,
  type Custody,
  type KeyOp,
  type KeyState,
  type KeyUsage,
  type PublicJwk,
  type Releasable,
} from '@coffer/keys-domain';
import type { ObjectAttributes } from '@coffer/wire';
import { seconds, type KeyRow } from '../postgres/key-row.js';

/** A key version as answers show it: public facts only. Times are Unix seconds. */
export interface KeyView extends Releasable, Custody {
  readonly name: string;
  readonly version: string;
  readonly public: PublicJwk;
  readonly keyOps: readonly KeyOp[];
  readonly attributes: ObjectAttributes;
  readonly tags?: Tags;
  /** Of a soft-deleted key. */
  readonly deletion?: { readonly deletedDate: number; readonly scheduledPurgeDate: number };
}

/** The view of a version (without `version` the latest) out of the aggregate's state. */
export function viewOfState(state: KeyState, version?: string): KeyView {
  const found =
    state.status === 'active' || state.status === 'deleted' ? state.versions.get(version ?? state.latest) : undefined;
  if (found === undefined || state.status === 'none' || state.status === 'purged') {
    throw new CofferError('Internal', 'a decided key version is missing from its state');
  }
  const { enabled, nbf, exp, created, updated, hsm } = found;
  const deletion =
    state.status === 'deleted' && state.scheduledPurgeDate !== undefined
      ? { deletedDate: state.deletedDate, scheduledPurgeDate: state.scheduledPurgeDate }
      : undefined;
  return {
    name: state.name,
    version: found.version,
    public: found.public,
    keyOps: found.keyOps,
    attributes: attributesOf(enabled, nbf, exp, created, updated),
    ...releaseMembers(found),
    ...defined({ hsm }),
    ...(found.tags === undefined ? {} : { tags: found.tags }),
    ...(deletion === undefined ? {} : { deletion }),
  };
}

/** The view of a row; opens the object's DEK when there are tags to read. */
export async function viewOfRow(sealer: Sealer, vaultId: string, row: KeyRow): Promise<KeyView> {
  const tags = row.sealed === null ? undefined : tagsOf(await textsOf(sealer, vaultId, row), row.sealed);
  const { deleted_date: deletedDate, scheduled_purge_date: scheduledPurgeDate } = row;
  return {
    name: row.name,
    version: row.version,
    public: row.public,
    keyOps: row.key_ops,
    attributes: attributesOf(row.enabled, seconds(row.nbf), seconds(row.exp), Number(row.created), Number(row.updated)),
    ...releaseOfRow(row),
    ...custodyOfRow(row),
    ...(tags === undefined ? {} : { tags }),
    ...(deletedDate === null || scheduledPurgeDate === null
      ? {}
      : { deletion: { deletedDate: Number(deletedDate), scheduledPurgeDate: Number(scheduledPurgeDate) } }),
  };
}

/** What the row says about release. */
export function releaseOfRow({ release_policy: releasePolicy }: KeyRow): Releasable {
  return releasePolicy === null ? {} : { exportable: true, releasePolicy };
}

/** Where the row's private key lives. */
export function custodyOfRow({ hsm }: Pick<KeyRow, 'hsm'>): Custody {
  return hsm ? { hsm } : {};
}

/** Whether the row's version may be used. */
export function usageOfRow({ enabled, nbf, exp }: KeyRow): Pick<KeyUsage, 'enabled' | 'nbf' | 'exp'> {
  return { enabled, nbf: seconds(nbf), exp: seconds(exp) };
}

function attributesOf(
  enabled: boolean,
  nbf: number | undefined,
  exp: number | undefined,
  created: number,
  updated: number,
): ObjectAttributes {
  return { enabled, ...defined({ nbf, exp }), created, updated };
}

/** Opens the descriptive text of a key's events. */
export async function textsOf(sealer: Sealer, vaultId: string, row: KeyRow): Promise<EventSealer> {
  const wrapped = { term: row.term, wrappedDek: row.wrapped_dek };
  return eventSealer(await sealer.open(objectScope(vaultId, row.object_id), wrapped));
}

export function tagsOf(texts: EventSealer, sealed: string): Tags | undefined {
  return texts.unseal(sealed)?.['tags'] as Tags | undefined;
}
