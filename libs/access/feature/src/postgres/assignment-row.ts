/** One role assignment. `bigint` columns arrive as decimal text. */
export interface AssignmentRow {
  readonly name: string;
  readonly principal_id: string;
  readonly principal_type: string | null;
  readonly role_definition_id: string;
  readonly scope: string;
  readonly created_on: string;
  readonly created_by: string;
}

export const assignmentColumns =
  'name, principal_id, principal_type, role_definition_id, scope, created_on, created_by';
