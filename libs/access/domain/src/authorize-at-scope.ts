import type { Caller } from './caller.js';
import { allowedByRole, noMatchingAssignment, type AccessDecision } from './decision.js';
import { builtInRoles, roleGuid, type RoleDefinition } from './role-definition.js';
import { normalizedCovers, normalizeScope } from './scope.js';

/** A role given to a principal (user, group or service principal) at a scope and everything below it. */
export interface RoleGrant {
  readonly principalId: string;
  /** GUID or ARM id of the role definition. */
  readonly roleDefinitionId: string;
  readonly scope: string;
}

type ActionTest = (action: string) => boolean;

const roleTests: ReadonlyMap<string, ActionTest> = new Map(builtInRoles.map((role) => [role.id, roleTest(role)]));

/**
 * May the caller do this control-plane action at the scope? One grant must reach all of it: principal, scope and role.
 * Grants only add; a role's notActions take away from that role alone. Deny by default, also for an unknown role.
 */
export function authorizeAtScope(
  caller: Caller,
  action: string,
  scope: string,
  grants: readonly RoleGrant[],
): AccessDecision {
  if (action === '') return noMatchingAssignment;
  const principals = new Set([caller.oid, ...caller.groups].map((id) => id.toLowerCase()));
  const asked = normalizeScope(scope);
  const lowerAction = action.toLowerCase();
  for (const grant of grants) {
    if (!principals.has(grant.principalId.toLowerCase())) continue;
    if (!normalizedCovers(normalizeScope(grant.scope), asked)) continue;
    if (roleTests.get(roleGuid(grant.roleDefinitionId))?.(lowerAction) === true) return allowedByRole;
  }
  return noMatchingAssignment;
}

function roleTest(role: RoleDefinition): ActionTest {
  const actions = role.actions.map(pattern);
  const notActions = role.notActions.map(pattern);
  return (action) => actions.some((p) => p.test(action)) && !notActions.some((p) => p.test(action));
}

/** An action pattern as an expression over lower-case actions; `*` stands for any text. */
function pattern(text: string): RegExp {
  const parts = text.toLowerCase().split('*');
  return new RegExp(`^${parts.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's');
}
