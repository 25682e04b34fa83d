import type { RoleDefinition } from '@coffer/access-domain';
import type { AssignmentView } from '../application/assignment-view.js';

type Json = Record<string, unknown>;

const PROVIDER = '/providers/Microsoft.Authorization';
const SUBSCRIPTION = /^\/subscriptions\/[^/]+/i;

/** ARM id of a role assignment. */
export function assignmentId(scope: string, name: string): string {
  return `${scope === '/' ? '' : scope}${PROVIDER}/roleAssignments/${name}`;
}

/** ARM id of a role definition as seen from a scope: its subscription's, or the root's. */
function definitionId(scope: string, guid: string): string {
  return `${SUBSCRIPTION.exec(scope)?.[0] ?? ''}${PROVIDER}/roleDefinitions/${guid}`;
}

/** `RoleAssignment` of ARM (azure-api b.3). An assignment never changes, so it was updated when it was created. */
export function toRoleAssignment(view: AssignmentView): Json {
  const { name, scope, principalId, principalType, createdBy } = view;
  const createdOn = new Date(view.createdOn).toISOString();
  return {
    id: assignmentId(scope, name),
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: {
      roleDefinitionId: definitionId(scope, view.roleDefinitionId),
      principalId,
      ...(principalType === undefined ? {} : { principalType }),
      scope,
      createdOn,
      updatedOn: createdOn,
      createdBy,
      updatedBy: createdBy,
    },
  };
}

/** `RoleDefinition` of ARM. Built-in roles have no data actions yet. */
export function toRoleDefinition(role: RoleDefinition, scope: string): Json {
  const { actions, notActions } = role;
  return {
    id: definitionId(scope, role.id),
    name: role.id,
    type: 'Microsoft.Authorization/roleDefinitions',
    properties: {
      roleName: role.name,
      type: 'BuiltInRole',
      assignableScopes: ['/'],
      permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
    },
  };
}
