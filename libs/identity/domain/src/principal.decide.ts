import type { Decider } from '@coffer/event-sourcing';
import { assertNever, CofferError } from '@coffer/kernel';
import {
  evolve,
  noPrincipal,
  type PasswordFacts,
  type PrincipalCreatedData,
  type PrincipalEvent,
  type PrincipalState,
  type SealedPassword,
} from './principal.js';

export interface NewPassword {
  readonly facts: PasswordFacts;
  readonly sealed: SealedPassword;
}

export type PrincipalCommand =
  | { readonly type: 'CreatePrincipal'; readonly principal: PrincipalCreatedData; readonly password?: NewPassword }
  | { readonly type: 'AddPassword'; readonly objectId: string; readonly password: NewPassword }
  | { readonly type: 'RemovePassword'; readonly objectId: string; readonly keyId: string }
  | { readonly type: 'DeletePrincipal'; readonly objectId: string };

/** Each sign-in with a wrong secret costs one slow hash per password, so their number is bounded. */
export const MAX_PASSWORDS = 20;

export const principalDecider: Decider<PrincipalState, PrincipalCommand, PrincipalEvent> = {
  initialState: noPrincipal,
  evolve,
  decide(command, state) {
    switch (command.type) {
      case 'CreatePrincipal':
        return create(command.principal, command.password, state);
      case 'AddPassword':
        return [addPassword(command.password, active(state, command.objectId))];
      case 'RemovePassword':
        return [removePassword(command.keyId, active(state, command.objectId))];
      case 'DeletePrincipal':
        active(state, command.objectId);
        return [{ type: 'PrincipalDeleted', data: { objectId: command.objectId } }];
      default:
        return assertNever(command);
    }
  },
};

type ActivePrincipal = Extract<PrincipalState, { status: 'active' }>;

function create(
  principal: PrincipalCreatedData,
  password: NewPassword | undefined,
  state: PrincipalState,
): readonly PrincipalEvent[] {
  if (state.status !== 'absent') {
    throw new CofferError('Conflict', `A service principal with the id '${principal.objectId}' already exists.`);
  }
  const name = principal.displayName;
  if (name.trim() === '' || name.length > 256 || /[\u0000-\u001f\u007f]/.test(name)) {
    throw new CofferError(
      'BadParameter',
      'Property displayName has invalid value\r\nIt must have 1 to 256 characters.',
    );
  }
  const created: PrincipalEvent = { type: 'PrincipalCreated', data: principal };
  if (password === undefined) return [created];
  return [created, addPassword(password, { status: 'active', objectId: principal.objectId, keyIds: [] })];
}

function addPassword({ facts, sealed }: NewPassword, principal: ActivePrincipal): PrincipalEvent {
  if (principal.keyIds.length >= MAX_PASSWORDS) {
    throw new CofferError('BadParameter', `A service principal can have at most ${MAX_PASSWORDS} passwords.`);
  }
  if (facts.endDateTime !== undefined && Date.parse(facts.endDateTime) <= Date.parse(facts.startDateTime)) {
    throw new CofferError('BadParameter', 'Property endDateTime has invalid value\r\nIt must be after startDateTime.');
  }
  return { type: 'PrincipalPasswordAdded', data: { objectId: principal.objectId, ...facts }, sealed: { ...sealed } };
}

function removePassword(keyId: string, principal: ActivePrincipal): PrincipalEvent {
  if (!principal.keyIds.includes(keyId)) {
    throw new CofferError('BadParameter', 'No password credential found with keyId.');
  }
  return { type: 'PrincipalPasswordRemoved', data: { objectId: principal.objectId, keyId } };
}

function active(state: PrincipalState, objectId: string): ActivePrincipal {
  if (state.status === 'active') return state;
  throw new CofferError(
    'PrincipalNotFound',
    `Resource '${objectId}' does not exist or one of its queried reference-property objects are not present.`,
  );
}
