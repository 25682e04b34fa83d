import { normalizeScope } from '@coffer/access-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import type { AssignmentQuery } from '../application/role-assignment-list.js';
import { assignmentColumns, type AssignmentRow } from './assignment-row.js';

/** Assignments at the scope, above it and, if asked for, below it, by name, after the name `after` ('' to begin). */
export async function listAssignments(
  sql: SqlClient,
  query: AssignmentQuery,
  after: string,
  limit: number,
): Promise<AssignmentRow[]> {
  const { rows } = await sql.query<AssignmentRow>(
    `SELECT ${assignmentColumns}
       FROM role_assignments
      WHERE name > $1
        AND (starts_with($2 || '/', scope_key || '/') OR ($3 AND starts_with(scope_key || '/', $2 || '/')))
        AND ($4::text[] IS NULL OR principal_key = ANY ($4))
      ORDER BY name
      LIMIT $5`,
    [after, normalizeScope(query.scope), query.below, query.principalIds?.map((id) => id.toLowerCase()) ?? null, limit],
  );
  return rows;
}
