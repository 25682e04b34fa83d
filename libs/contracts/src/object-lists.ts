import type { SqlClient } from '@coffer/event-sourcing';

type List<Row, Of, After> = (sql: SqlClient, of: Of, after: After, limit: number) => Promise<Row[]>;

/** The lists of one kind of object. Each begins after a marker, so that pages stay right while others write. */
export interface ObjectLists<Row> {
  /** Latest versions of a vault's active objects in the order of their names, after the name key `after` ('' to begin). */
  readonly active: List<Row, string, string>;
  /** As `active`, for soft-deleted objects. */
  readonly deleted: List<Row, string, string>;
  /** Versions of one active object, oldest first, after the ordinal `after` (0 to begin); none when the name is free. */
  readonly versions: List<Row, { readonly vaultId: string; readonly nameKey: string }, number>;
}

// The page is cut out of its index first, then each of its rows is looked up by key: `LIMIT 1` keeps these subqueries from
// being planned as joins, which a plan made for a small table would do by reading all of it, and ever after.
const objectDek = `CROSS JOIN LATERAL (
         SELECT term, wrapped_dek FROM material
          WHERE object_id = c.object_id AND kind = 'object' AND version = '' LIMIT 1) m`;

/**
 * Statements over the tables `<kind>_current` (c), `<kind>_versions` (v) and `material` (m); `columns` are those of a row,
 * by these names.
 */
export function objectLists<Row extends object>(kind: 'key' | 'secret', columns: string): ObjectLists<Row> {
  const byName = (state: string) => (limit: number) => `SELECT ${columns}
       FROM (SELECT * FROM ${kind}_current
              WHERE vault_id = $1 AND name_key > $2 AND deleted_date ${state}
              ORDER BY name_key LIMIT ${whole(limit)}) c
      CROSS JOIN LATERAL (
         SELECT * FROM ${kind}_versions WHERE object_id = c.object_id AND version = c.latest_version LIMIT 1) v
       ${objectDek}
      ORDER BY c.name_key`;
  const active = byName('IS NULL');
  const deleted = byName('IS NOT NULL');
  const versions = (limit: number) => `SELECT ${columns}
       FROM (SELECT * FROM ${kind}_current
              WHERE vault_id = $1 AND name_key = $2 AND deleted_date IS NULL LIMIT 1) c
       ${objectDek}
      CROSS JOIN LATERAL (
         SELECT * FROM ${kind}_versions WHERE object_id = c.object_id AND ordinal > $3 ORDER BY ordinal LIMIT ${whole(limit)}) v
      ORDER BY v.ordinal`;
  const rowsOf = async (sql: SqlClient, text: (limit: number) => string, limit: number, values: readonly unknown[]) =>
    (await sql.query<Row>(text(limit), values)).rows;
  return {
    active: (sql, vaultId, after, limit) => rowsOf(sql, active, limit, [vaultId, after]),
    deleted: (sql, vaultId, after, limit) => rowsOf(sql, deleted, limit, [vaultId, after]),
    versions: (sql, of, after, limit) => rowsOf(sql, versions, limit, [of.vaultId, of.nameKey, after]),
  };
}

/**
 * The size of a page, of which there are few, as part of the statement: as a value the database would take it for a tenth
 * of the table in a plan for all values, find that dear, and plan anew for every page.
 */
function whole(limit: number): string {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError('a page has a whole number of rows');
  return String(limit);
}
