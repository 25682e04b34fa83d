import type { RoleAssignmentTerms } from '@coffer/access-domain';
import type { AssignmentRow } from '../postgres/assignment-row.js';

/** A role assignment as answers show it. */
export interface AssignmentView extends RoleAssignmentTerms {
  /** GUID, lower-case. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdOn: number;
  /** Object id of the caller who made it. */
  readonly createdBy: string;
}

export function viewOfRow(row: AssignmentRow): AssignmentView {
  return {
    name: row.name,
    principalId: row.principal_id,
    ...(row.principal_type === null ? {} : { principalType: row.principal_type }),
    roleDefinitionId: row.role_definition_id,
    scope: row.scope,
    createdOn: Number(row.created_on),
    createdBy: row.created_by,
  };
}
