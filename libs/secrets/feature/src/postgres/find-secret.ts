import type { WrappedDataKey } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';

export interface SecretName {
  readonly vaultId: string;
  readonly nameKey: string;
}

/** Which incarnation holds a name, and the DEK of its descriptive text. */
export interface FoundSecret {
  readonly objectId: string;
  readonly deleted: boolean;
  readonly objectDek: WrappedDataKey;
}

interface Row {
  readonly place: string;
  readonly object_id: string;
  readonly deleted: boolean;
  readonly term: number;
  readonly wrapped_dek: Buffer;
}

/** The secrets of these names, active or soft-deleted, in their order; `undefined` where a name is free. */
export async function findSecrets(
  sql: SqlClient,
  names: readonly SecretName[],
): Promise<readonly (FoundSecret | undefined)[]> {
  const { rows } = await sql.query<Row>(
    `SELECT n.place, c.object_id, c.deleted, m.term, m.wrapped_dek
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n (vault_id, name_key, place)
      CROSS JOIN LATERAL (
         SELECT object_id, deleted_date IS NOT NULL AS deleted FROM secret_current
          WHERE vault_id = n.vault_id AND name_key = n.name_key LIMIT 1) c
      CROSS JOIN LATERAL (
         SELECT term, wrapped_dek FROM material
          WHERE object_id = c.object_id AND kind = 'object' AND version = '' LIMIT 1) m`,
    [names.map(({ vaultId }) => vaultId), names.map(({ nameKey }) => nameKey)],
  );
  const found = new Map(rows.map((row) => [Number(row.place), row]));
  return names.map((_, i) => {
    const row = found.get(i + 1);
    if (row === undefined) return undefined;
    const objectDek = { term: row.term, wrappedDek: row.wrapped_dek };
    return { objectId: row.object_id, deleted: row.deleted, objectDek };
  });
}
