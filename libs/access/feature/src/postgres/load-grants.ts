import type { RoleGrant } from '@coffer/access-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import { CofferError } from '@coffer/kernel';
import { POLICY_LOG } from '../application/policy-log.js';
import type { Policy } from '../application/policy-snapshots.js';

/** Everything but the revision is null in the one row that stands for no grant at all. */
interface GrantRow {
  readonly revision: string;
  readonly principal_id: string | null;
  readonly role_definition_id: string;
  readonly scope: string;
}

/** One row at least, and one statement, so that grants and revision are of one snapshot. */
const REVISION = `(SELECT coalesce((SELECT seq FROM vault_head WHERE vault_id = $1), 0) AS revision) r`;

/** Everybody's grants. Throws ServiceUnavailable. */
export async function loadPolicy(sql: SqlClient): Promise<Policy> {
  return read(
    sql,
    `SELECT r.revision, a.principal_id, a.role_definition_id, a.scope
       FROM ${REVISION}
       LEFT JOIN role_assignments a ON true`,
    [POLICY_LOG],
  );
}

/** The grants of these principals (lower-case ids). Throws ServiceUnavailable. */
export async function loadGrantsOf(sql: SqlClient, principals: readonly string[]): Promise<Policy> {
  return read(
    sql,
    `SELECT r.revision, a.principal_id, a.role_definition_id, a.scope
       FROM ${REVISION}
       LEFT JOIN role_assignments a ON a.principal_key = ANY ($2::text[])`,
    [POLICY_LOG, principals],
  );
}

/** Whatever goes wrong, nobody can be authorized then: ServiceUnavailable. */
async function read(sql: SqlClient, text: string, values: readonly unknown[]): Promise<Policy> {
  try {
    const { rows } = await sql.query<GrantRow>(text, values);
    return { revision: Number(rows[0]?.revision ?? 0), grants: rows.flatMap(toGrant) };
  } catch (error) {
    throw new CofferError('ServiceUnavailable', 'The role assignments cannot be read.', {}, { cause: error });
  }
}

function toGrant(row: GrantRow): RoleGrant[] {
  if (row.principal_id === null) return [];
  return [{ principalId: row.principal_id, roleDefinitionId: row.role_definition_id, scope: row.scope }];
}
