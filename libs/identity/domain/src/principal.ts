import { streamIdOf, type DomainEvent } from '@coffer/event-sourcing';
import { assertNever } from '@coffer/kernel';

/** All principals share one event log; it is nobody's vault. */
export const identityVaultId = 'identity';

export function principalStreamId(objectId: string): string {
  return streamIdOf('principal', objectId);
}

/** Times are ISO 8601 UTC. */
export interface PasswordFacts {
  /** UUID. */
  readonly keyId: string;
  readonly startDateTime: string;
  /** Absent: never expires. */
  readonly endDateTime?: string;
}

/** What only the holder of the principal's DEK may read. */
export interface SealedPassword {
  /** Salted verifier of the secret, in the form of the feature's password-hash. */
  readonly hash: string;
  /** The secret's first three characters, to tell passwords apart (Graph's `hint`). */
  readonly hint: string;
  /** Name that the caller gave the password. */
  readonly displayName?: string;
}

export interface PrincipalCreatedData {
  readonly objectId: string;
  /** Client id, a UUID. */
  readonly appId: string;
  readonly displayName: string;
  /** ISO 8601 UTC. */
  readonly createdDateTime: string;
  /** Set for the one principal that the first start of an installation makes. */
  readonly administrator?: true;
}

export type PrincipalCreated = DomainEvent<'PrincipalCreated', PrincipalCreatedData>;
export type PrincipalPasswordAdded = DomainEvent<
  'PrincipalPasswordAdded',
  PasswordFacts & { readonly objectId: string }
> & {
  /** A SealedPassword; absent once the DEK has been destroyed. */
  readonly sealed?: Readonly<Record<string, unknown>>;
};
export type PrincipalPasswordRemoved = DomainEvent<
  'PrincipalPasswordRemoved',
  { readonly objectId: string; readonly keyId: string }
>;
export type PrincipalDeleted = DomainEvent<'PrincipalDeleted', { readonly objectId: string }>;

export type PrincipalEvent = PrincipalCreated | PrincipalPasswordAdded | PrincipalPasswordRemoved | PrincipalDeleted;

export type PrincipalState =
  | { readonly status: 'absent' }
  | { readonly status: 'deleted' }
  | { readonly status: 'active'; readonly objectId: string; readonly keyIds: readonly string[] };

export const noPrincipal: PrincipalState = { status: 'absent' };

export function evolve(state: PrincipalState, event: PrincipalEvent): PrincipalState {
  switch (event.type) {
    case 'PrincipalCreated':
      return { status: 'active', objectId: event.data.objectId, keyIds: [] };
    case 'PrincipalPasswordAdded':
      return withKeyIds(state, (keyIds) => [...keyIds, event.data.keyId]);
    case 'PrincipalPasswordRemoved':
      return withKeyIds(state, (keyIds) => keyIds.filter((keyId) => keyId !== event.data.keyId));
    case 'PrincipalDeleted':
      return { status: 'deleted' };
    default:
      return assertNever(event);
  }
}

function withKeyIds(state: PrincipalState, change: (keyIds: readonly string[]) => readonly string[]): PrincipalState {
  return state.status === 'active' ? { ...state, keyIds: change(state.keyIds) } : state;
}
