import { assertNever, CofferError, isUuid } from '@coffer/kernel';
import type { Decider } from '@coffer/event-sourcing';
import { findRole } from './role-definition.js';
import {
  evolveRoleAssignment,
  noAssignment,
  type RoleAssignmentEvent,
  type RoleAssignmentState,
  type RoleAssignmentTerms,
} from './role-assignment.js';
import { normalizeScope } from './scope.js';

export type RoleAssignmentCommand =
  | { readonly type: 'AssignRole'; readonly name: string; readonly terms: RoleAssignmentTerms }
  | {
      readonly type: 'RevokeRole';
      readonly name: string;
      /** Where the caller may revoke: an assignment of this name at any other scope is none of theirs, and stays. */
      readonly scope: string;
    };

/** Repeating an assignment or a revocation changes nothing and is no error. Throws ArmBadRequest. */
export const roleAssignmentDecider: Decider<RoleAssignmentState, RoleAssignmentCommand, RoleAssignmentEvent> = {
  initialState: noAssignment,
  evolve: evolveRoleAssignment,
  decide: (command, state) => {
    switch (command.type) {
      case 'AssignRole':
        return assign(command.name, command.terms, state);
      case 'RevokeRole':
        return revoke(command.name, command.scope, state);
      default:
        return assertNever(command);
    }
  },
};

function assign(name: string, terms: RoleAssignmentTerms, state: RoleAssignmentState): RoleAssignmentEvent[] {
  if (!isUuid(name)) throw new CofferError('ArmBadRequest', `The role assignment ID '${shown(name)}' is not valid.`);
  if (terms.principalId === '' || terms.principalId.length > 256) {
    throw new CofferError('ArmBadRequest', 'The principalId of a role assignment must have 1 to 256 characters.');
  }
  if (findRole(terms.roleDefinitionId) === undefined) {
    throw new CofferError(
      'ArmBadRequest',
      `The specified role definition with ID '${shown(terms.roleDefinitionId)}' does not exist.`,
    );
  }
  if (state.status === 'assigned') {
    if (sameTerms(state.terms, terms)) return [];
    throw new CofferError(
      'ArmBadRequest',
      'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
    );
  }
  return [{ type: 'RoleAssigned', data: { name, ...terms } }];
}

function revoke(name: string, scope: string, state: RoleAssignmentState): RoleAssignmentEvent[] {
  if (state.status === 'none' || normalizeScope(state.terms.scope) !== normalizeScope(scope)) return [];
  return [{ type: 'RoleRevoked', data: { name } }];
}

function sameTerms(a: RoleAssignmentTerms, b: RoleAssignmentTerms): boolean {
  return (
    a.principalId.toLowerCase() === b.principalId.toLowerCase() &&
    a.roleDefinitionId === b.roleDefinitionId &&
    normalizeScope(a.scope) === normalizeScope(b.scope)
  );
}

function shown(text: string): string {
  return text.slice(0, 100).replace(/[^ -~]/g, '?');
}
