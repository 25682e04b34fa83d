import type { ExchangeKeyName, KeyOp, KeyOrigin, PublicJwk, ReleasePolicy } from '@coffer/keys-domain';

/** One key version with what its bundle or list item needs. `bigint` columns arrive as decimal text. */
export interface KeyRow {
  readonly object_id: string;
  readonly name: string;
  readonly name_key: string;
  readonly deleted_date: string | null;
  readonly scheduled_purge_date: string | null;
  readonly version: string;
  readonly ordinal: string;
  readonly public: PublicJwk;
  /** The private key lives in a hardware security module. */
  readonly hsm: boolean;
  readonly key_ops: KeyOp[];
  readonly enabled: boolean;
  readonly nbf: string | null;
  readonly exp: string | null;
  readonly created: string;
  readonly updated: string;
  /** Of an exportable version; no other has one. */
  readonly release_policy: ReleasePolicy | null;
  readonly sealed: string | null;
  readonly term: number;
  readonly wrapped_dek: Buffer;
}

/** A version with its private key. */
export interface KeyMaterialRow extends KeyRow {
  readonly origin: KeyOrigin | null;
  /** Of a version that was imported wrapped. */
  readonly wrapped_by: ExchangeKeyName | null;
  readonly material_term: number;
  readonly material_wrapped_dek: Buffer;
  /** The private key under the version's DEK. */
  readonly ciphertext: Buffer;
}

/** Unix seconds, which `bigint` columns hold. */
export function seconds(column: string | null): number | undefined {
  return column === null ? undefined : Number(column);
}

/** Columns and joins of a KeyRow; which version of the key is left to the caller. */
export const keyRowColumns = `c.object_id, c.name, c.name_key, c.deleted_date, c.scheduled_purge_date,
       v.version, v.ordinal, v.public, v.hsm, v.key_ops, v.enabled, v.nbf, v.exp, v.created, v.updated, v.sealed,
       v.release_policy, m.term, m.wrapped_dek`;
export const joinObjectDek = `JOIN material m ON m.object_id = c.object_id AND m.kind = 'object' AND m.version = ''`;

/** What a KeyMaterialRow has besides; to be joined like those of a KeyRow. */
export const materialColumns = `v.origin, v.wrapped_by, k.term AS material_term, k.wrapped_dek AS material_wrapped_dek, k.ciphertext`;
export const joinMaterial = `JOIN material k ON k.material_id = v.material_id`;
