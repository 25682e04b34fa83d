import { assertNever } from '@coffer/kernel';
import type { DomainEvent } from '@coffer/event-sourcing';

/** What an assignment says. It never changes: another statement is another assignment. */
export interface RoleAssignmentTerms {
  readonly principalId: string;
  /** As the caller gave it: `User`, `Group`, `ServicePrincipal`, …; unknown when absent. */
  readonly principalType?: string;
  /** GUID of the role definition, lower-case. */
  readonly roleDefinitionId: string;
  /** ARM scope as written, without a trailing slash; `/` for everything. */
  readonly scope: string;
}

export type RoleAssigned = DomainEvent<'RoleAssigned', RoleAssignmentTerms & { readonly name: string }>;
export type RoleRevoked = DomainEvent<'RoleRevoked', { readonly name: string }>;
export type RoleAssignmentEvent = RoleAssigned | RoleRevoked;

/** One stream per assignment name (a GUID that the caller chose); a revoked name may be assigned anew. */
export type RoleAssignmentState =
  { readonly status: 'none' } | { readonly status: 'assigned'; readonly terms: RoleAssignmentTerms };

export const noAssignment: RoleAssignmentState = { status: 'none' };

export function evolveRoleAssignment(_state: RoleAssignmentState, event: RoleAssignmentEvent): RoleAssignmentState {
  switch (event.type) {
    case 'RoleAssigned':
      return { status: 'assigned', terms: event.data };
    case 'RoleRevoked':
      return noAssignment;
    default:
      return assertNever(event);
  }
}
