/** One secret version with what its bundle or list item needs. `bigint` columns arrive as decimal text. */
export interface SecretRow {
  readonly object_id: string;
  readonly name: string;
  readonly name_key: string;
  readonly deleted_date: string | null;
  readonly scheduled_purge_date: string | null;
  readonly version: string;
  readonly ordinal: string;
  readonly enabled: boolean;
  readonly nbf: string | null;
  readonly exp: string | null;
  readonly created: string;
  readonly updated: string;
  readonly sealed: string | null;
  readonly sealed_content_type: string | null;
  readonly sealed_tags: string | null;
  /** Of the object's DEK. */
  readonly term: number;
  readonly wrapped_dek: Buffer;
}

/** Columns and joins of a SecretRow; which version of the secret is left to the caller. */
export const secretRowColumns = `c.object_id, c.name, c.name_key, c.deleted_date, c.scheduled_purge_date,
       v.version, v.ordinal, v.enabled, v.nbf, v.exp, v.created, v.updated, v.sealed, v.sealed_content_type, v.sealed_tags,
       m.term, m.wrapped_dek`;
export const joinObjectDek = `JOIN material m ON m.object_id = c.object_id AND m.kind = 'object' AND m.version = ''`;
