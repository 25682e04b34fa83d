import type { DomainEvent, MaterialDigest } from '@coffer/event-sourcing';
import { assertNever, defined, type Tags } from '@coffer/kernel';

/** Attributes a caller may set; times are Unix seconds. */
export interface SecretAttributes {
  readonly enabled: boolean;
  readonly nbf?: number;
  readonly exp?: number;
}

/** Descriptive text of a version; it travels sealed. */
export interface SecretDescription {
  readonly contentType?: string;
  readonly tags?: Tags;
}

export interface SecretVersionSetData extends SecretAttributes {
  readonly name: string;
  /** 32 lower-case hex. */
  readonly version: string;
  /** Unix seconds. */
  readonly created: number;
  /** The `material` row that holds the value. */
  readonly materialId: string;
}

/** Only what the caller sent. */
export interface SecretVersionUpdatedData extends Partial<SecretAttributes> {
  readonly name: string;
  readonly version: string;
  /** Members that the `sealed` part replaces: a projection cannot read it, and must know what became of the older text. */
  readonly describes?: readonly (keyof SecretDescription)[];
  /** Unix seconds. */
  readonly updated: number;
}

export interface SecretDeletedData {
  readonly name: string;
  /** Unix seconds. */
  readonly deletedDate: number;
  /** Unix seconds; absent in a vault without soft-delete, where the purge follows at once. */
  readonly scheduledPurgeDate?: number;
}

export interface SecretPurgedData {
  readonly name: string;
  readonly versions: readonly string[];
  readonly digests: readonly MaterialDigest[];
}

export type SecretEvent =
  | (DomainEvent<'SecretVersionSet', SecretVersionSetData> & { readonly sealed?: SecretDescription & Sealable })
  | (DomainEvent<'SecretVersionUpdated', SecretVersionUpdatedData> & { readonly sealed?: SecretDescription & Sealable })
  | DomainEvent<'SecretDeleted', SecretDeletedData>
  | DomainEvent<'SecretRecovered', { readonly name: string }>
  | DomainEvent<'SecretPurged', SecretPurgedData>;

type Sealable = Readonly<Record<string, unknown>>;

interface Existing {
  /** As the first version's creator wrote it. */
  readonly name: string;
  readonly latest: string;
  /** How many there are. Which ones, and their attributes, no decision needs: a secret may have very many. */
  readonly versions: number;
}

/** One incarnation of a secret; after a purge its name belongs to another stream. */
export type SecretState =
  | { readonly status: 'none' }
  | (Existing & { readonly status: 'active' })
  | (Existing & { readonly status: 'deleted'; readonly deletedDate: number; readonly scheduledPurgeDate?: number })
  | { readonly status: 'purged'; readonly name: string };

export const noSecret: SecretState = { status: 'none' };

export function evolve(state: SecretState, event: SecretEvent): SecretState {
  switch (event.type) {
    case 'SecretVersionSet':
      return withVersion(state, event.data);
    case 'SecretVersionUpdated':
      return state;
    case 'SecretDeleted':
      return isExisting(state) ? { ...existing(state), status: 'deleted', ...dates(event.data) } : state;
    case 'SecretRecovered':
      return isExisting(state) ? { ...existing(state), status: 'active' } : state;
    case 'SecretPurged':
      return { status: 'purged', name: event.data.name };
    default:
      return assertNever(event);
  }
}

function withVersion(state: SecretState, { name, version }: SecretVersionSetData): SecretState {
  if (state.status === 'purged') return state;
  const before = isExisting(state) ? state : { name, versions: 0 };
  return { status: 'active', name: before.name, latest: version, versions: before.versions + 1 };
}

function isExisting(state: SecretState): state is Extract<SecretState, Existing> {
  return state.status === 'active' || state.status === 'deleted';
}

function existing({ name, latest, versions }: Existing): Existing {
  return { name, latest, versions };
}

function dates({ deletedDate, scheduledPurgeDate }: SecretDeletedData): Omit<SecretDeletedData, 'name'> {
  return { deletedDate, ...defined({ scheduledPurgeDate }) };
}
