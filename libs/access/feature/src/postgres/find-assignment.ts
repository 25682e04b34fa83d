import { normalizeScope, type RoleAssignmentTerms } from '@coffer/access-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import { assignmentColumns, type AssignmentRow } from './assignment-row.js';

/** The assignment of this name (lower-case GUID), when it is at exactly this scope. */
export async function findAssignment(sql: SqlClient, name: string, scope: string): Promise<AssignmentRow | undefined> {
  const { rows } = await sql.query<AssignmentRow>(
    `SELECT ${assignmentColumns} FROM role_assignments WHERE name = $1 AND scope_key = $2`,
    [name, normalizeScope(scope)],
  );
  return rows[0];
}

/** True when these terms stand under some name. `roleDefinitionId` is a lower-case GUID. */
export async function isAssigned(sql: SqlClient, terms: RoleAssignmentTerms): Promise<boolean> {
  const { rows } = await sql.query(
    `SELECT 1 FROM role_assignments WHERE principal_key = $1 AND role_definition_id = $2 AND scope_key = $3`,
    [terms.principalId.toLowerCase(), terms.roleDefinitionId, normalizeScope(terms.scope)],
  );
  return rows.length > 0;
}
