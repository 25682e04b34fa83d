import type { DomainEvent, MaterialDigest } from '@coffer/event-sourcing';
import { assertNever, defined, type Tags } from '@coffer/kernel';
import type { ExchangeKeyName, KeyOrigin } from './key-origin.js';
import { releaseMembers, type Releasable } from './key-release.js';
import type { Curve, KeyType, OctKeySize, PublicJwk, RsaKeySize } from './key-spec.js';
import type { KeyOp } from './key-ops.js';
import type { ReleasePolicy } from './release-policy.js';
import type { StoredRotationPolicy } from './rotation-policy.js';

/** Attributes a caller may set; times are Unix seconds. */
export interface KeyAttributes {
  readonly enabled: boolean;
  readonly nbf?: number;
  readonly exp?: number;
}

export interface KeyVersionCreatedData extends KeyAttributes, Releasable {
  readonly name: string;
  /** 32 lower-case hex. */
  readonly version: string;
  readonly kty: KeyType;
  /** Bits of an RSA or oct key. */
  readonly size?: RsaKeySize | OctKeySize;
  readonly crv?: Curve;
  /** The key lives in a hardware security module; absent: in software. */
  readonly hsm?: true;
  readonly public: PublicJwk;
  readonly keyOps: readonly KeyOp[];
  /** Unix seconds. */
  readonly created: number;
  /** The `material` row that holds the private key: PKCS#8 DER, of oct the key itself, of hardware what it alone can open. */
  readonly materialId: string;
  /** How the key came here; absent: it was made by this service. */
  readonly origin?: KeyOrigin;
  /** Of a key that was imported wrapped: what it was wrapped to. Absent: it was imported as it is. */
  readonly wrappedBy?: ExchangeKeyName;
  /** Of a version out of a backup: when it was last changed before, Unix seconds. */
  readonly updated?: number;
}

/** Only what the caller sent; tags travel in the event's `sealed` part. */
export interface KeyVersionUpdatedData extends Partial<KeyAttributes> {
  readonly name: string;
  readonly version: string;
  readonly keyOps?: readonly KeyOp[];
  readonly releasePolicy?: ReleasePolicy;
  /** Unix seconds. */
  readonly updated: number;
}

export interface KeyDeletedData {
  readonly name: string;
  /** Unix seconds. */
  readonly deletedDate: number;
  /** Unix seconds; absent in a vault without soft-delete, where the purge follows at once. */
  readonly scheduledPurgeDate?: number;
}

export interface KeyRotationPolicySetData extends StoredRotationPolicy {
  readonly name: string;
}

/** The owner was told that the latest version ends. */
export interface KeyExpiryNotifiedData {
  readonly name: string;
  readonly version: string;
  readonly notice: 'NearExpiry' | 'Expired';
  /** Unix seconds. */
  readonly nbf?: number;
  /** Unix seconds. */
  readonly exp: number;
}

export interface KeyPurgedData {
  readonly name: string;
  readonly versions: readonly string[];
  readonly digests: readonly MaterialDigest[];
}

export type KeyEvent =
  | (DomainEvent<'KeyVersionCreated', KeyVersionCreatedData> & { readonly sealed?: { readonly tags: Tags } })
  | (DomainEvent<'KeyVersionUpdated', KeyVersionUpdatedData> & { readonly sealed?: { readonly tags: Tags } })
  | DomainEvent<'KeyRotationPolicySet', KeyRotationPolicySetData>
  | DomainEvent<'KeyExpiryNotified', KeyExpiryNotifiedData>
  | DomainEvent<'KeyDeleted', KeyDeletedData>
  | DomainEvent<'KeyRecovered', { readonly name: string }>
  | DomainEvent<'KeyPurged', KeyPurgedData>;

export interface KeyVersion extends KeyAttributes, Releasable {
  readonly version: string;
  readonly public: PublicJwk;
  readonly hsm?: true;
  /** Bits of an oct key, whose public half does not tell them. */
  readonly size?: number;
  /** The `exp` whose coming, and whose passing, the owner was told of. */
  readonly nearExpiryNotified?: number;
  readonly expiredNotified?: number;
  readonly keyOps: readonly KeyOp[];
  readonly created: number;
  readonly updated: number;
  readonly tags?: Tags;
}

interface Existing {
  /** As the first version's creator wrote it. */
  readonly name: string;
  readonly versions: Versions;
  /** Key of `versions`. */
  readonly latest: string;
  readonly rotationPolicy?: StoredRotationPolicy;
}

/** One incarnation of a key; after a purge its name belongs to another stream. */
export type KeyState =
  | { readonly status: 'none' }
  | (Existing & { readonly status: 'active' })
  | (Existing & { readonly status: 'deleted'; readonly deletedDate: number; readonly scheduledPurgeDate?: number })
  | { readonly status: 'purged'; readonly name: string };

export const noKey: KeyState = { status: 'none' };

type Versions = ReadonlyMap<string, KeyVersion>;
/** Versions that may be changed, with those of a state in them. */
type Edit = (versions: Versions) => Map<string, KeyVersion>;

const copied: Edit = (versions) => new Map(versions);

/** For whole streams: versions are copied once, not with every event of a key that may have thousands. */
export function replay(): (state: KeyState, event: KeyEvent) => KeyState {
  let own: Map<string, KeyVersion> | undefined;
  const edit: Edit = (versions) => (own === versions ? own : (own = new Map(versions)));
  return (state, event) => evolved(state, event, edit);
}

export function evolve(state: KeyState, event: KeyEvent): KeyState {
  return evolved(state, event, copied);
}

function evolved(state: KeyState, event: KeyEvent, edit: Edit): KeyState {
  switch (event.type) {
    case 'KeyVersionCreated':
      return withVersion(state, event.data, event.sealed?.tags, edit);
    case 'KeyVersionUpdated':
      return withUpdate(state, event.data, event.sealed?.tags, edit);
    case 'KeyRotationPolicySet':
      return isExisting(state) ? { ...state, rotationPolicy: policyOf(event.data) } : state;
    case 'KeyExpiryNotified':
      return withNotice(state, event.data, edit);
    case 'KeyDeleted':
      return isExisting(state) ? { ...existing(state), status: 'deleted', ...dates(event.data) } : state;
    case 'KeyRecovered':
      return isExisting(state) ? { ...existing(state), status: 'active' } : state;
    case 'KeyPurged':
      return { status: 'purged', name: event.data.name };
    default:
      return assertNever(event);
  }
}

function withVersion(state: KeyState, data: KeyVersionCreatedData, tags: Tags | undefined, edit: Edit): KeyState {
  if (state.status === 'purged') return state;
  const { version, created, enabled, nbf, exp, keyOps, hsm } = data;
  const added: KeyVersion = {
    version,
    public: data.public,
    keyOps,
    enabled,
    created,
    updated: data.updated ?? created,
    ...defined({ nbf, exp, tags, hsm, size: data.kty === 'oct' ? data.size : undefined }),
    ...releaseMembers(data),
  };
  const before: Existing | Omit<Existing, 'latest'> = isExisting(state)
    ? existing(state)
    : { name: data.name, versions: new Map<string, KeyVersion>() };
  return {
    ...before,
    status: 'active',
    versions: edit(before.versions).set(version, added),
    latest: version,
  };
}

function withUpdate(state: KeyState, data: KeyVersionUpdatedData, tags: Tags | undefined, edit: Edit): KeyState {
  const before = isExisting(state) ? state.versions.get(data.version) : undefined;
  if (!isExisting(state) || before === undefined) return state;
  const { enabled, nbf, exp, keyOps, releasePolicy, updated } = data;
  const after: KeyVersion = { ...before, ...defined({ enabled, nbf, exp, keyOps, releasePolicy, tags }), updated };
  return { ...state, versions: edit(state.versions).set(data.version, after) };
}

function withNotice(state: KeyState, { version, notice, exp }: KeyExpiryNotifiedData, edit: Edit): KeyState {
  const before = isExisting(state) ? state.versions.get(version) : undefined;
  if (!isExisting(state) || before === undefined) return state;
  const after: KeyVersion = { ...before, [notice === 'Expired' ? 'expiredNotified' : 'nearExpiryNotified']: exp };
  return { ...state, versions: edit(state.versions).set(version, after) };
}

function policyOf({ lifetimeActions, expiryTime, created, updated }: StoredRotationPolicy): StoredRotationPolicy {
  return { lifetimeActions, ...defined({ expiryTime }), created, updated };
}

function isExisting(state: KeyState): state is Extract<KeyState, Existing> {
  return state.status === 'active' || state.status === 'deleted';
}

function existing({ name, versions, latest, rotationPolicy }: Existing): Existing {
  return { name, versions, latest, ...defined({ rotationPolicy }) };
}

function dates({ deletedDate, scheduledPurgeDate }: KeyDeletedData): Omit<KeyDeletedData, 'name'> {
  return { deletedDate, ...defined({ scheduledPurgeDate }) };
}
