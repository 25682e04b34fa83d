import { normalizeScope, OWNER, type RoleAssigned } from '@coffer/access-domain';
import type { PendingEvent, SqlClient } from '@coffer/event-sourcing';

const ROOT = '';

/** Throws a unique violation when the same terms stand under another name. */
export async function insertAssignment(client: SqlClient, event: PendingEvent<RoleAssigned>): Promise<void> {
  const { name, principalId, principalType, roleDefinitionId, scope } = event.data;
  await client.query(
    `INSERT INTO role_assignments
       (name, principal_key, principal_id, principal_type, role_definition_id, scope_key, scope, created_on, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      name,
      principalId.toLowerCase(),
      principalId,
      principalType ?? null,
      roleDefinitionId,
      normalizeScope(scope),
      scope,
      Date.parse(event.recordedAt),
      event.meta.actor.oid,
    ],
  );
}

/**
 * Names of the Owners at `/`, locked in one order until the transaction ends: of two that revoke one another the second
 * waits, and then sees that it is about the last.
 */
export async function lockRootOwners(client: SqlClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM role_assignments WHERE scope_key = $1 AND role_definition_id = $2 ORDER BY name FOR UPDATE`,
    [ROOT, OWNER],
  );
  return rows.map((row) => row.name);
}

export async function removeAssignment(client: SqlClient, name: string): Promise<void> {
  await client.query(`DELETE FROM role_assignments WHERE name = $1`, [name]);
}
