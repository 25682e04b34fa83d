import type { WrappedDataKey } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';

/** Which incarnation holds a name, and the DEK of its descriptive text. */
export interface FoundSecret {
  readonly objectId: string;
  readonly deleted: boolean;
  readonly objectDek: WrappedDataKey;
}

/** The secret of this name, active or soft-deleted; `undefined` when the name is free. */
export async function findSecret(sql: SqlClient, vaultId: string, nameKey: string): Promise<FoundSecret | undefined> {
  const { rows } = await sql.query<{ object_id: string; deleted: boolean; term: number; wrapped_dek: Buffer }>(
    `SELECT c.object_id, c.deleted_date IS NOT NULL AS deleted, m.term, m.wrapped_dek
       FROM secret_current c
       JOIN material m ON m.object_id = c.object_id AND m.kind = 'object' AND m.version = ''
      WHERE c.vault_id = $1 AND c.name_key = $2`,
    [vaultId, nameKey],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const objectDek = { term: row.term, wrappedDek: row.wrapped_dek };
  return { objectId: row.object_id, deleted: row.deleted, objectDek };
}
