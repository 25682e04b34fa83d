import type { SqlClient } from '@coffer/event-sourcing';

/** The private half of a key that signs releases: PKCS#8 under a DEK. */
export interface SealedReleaseKey {
  readonly term: number;
  readonly wrappedDek: Buffer;
  readonly sealedPrivate: Buffer;
}

/** One of the keys that sign, one after another, what release answers; those of the installation. */
export interface ReleaseSigningKeyRow {
  /** From 1. */
  readonly generation: number;
  /** DER, self-signed. */
  readonly certificate: Buffer;
  /** Unix seconds. */
  readonly signsFrom: number;
  /** `undefined`: it is destroyed, the key signs no more. */
  readonly sealed: SealedReleaseKey | undefined;
}

/** All of them, oldest first. */
export async function selectReleaseSigningKeys(sql: SqlClient): Promise<readonly ReleaseSigningKeyRow[]> {
  const { rows } = await sql.query<{
    readonly generation: number;
    readonly certificate: Buffer;
    readonly signs_from: string;
    readonly term: number | null;
    readonly wrapped_dek: Buffer | null;
    readonly sealed_private: Buffer | null;
  }>(
    `SELECT generation, certificate, signs_from, term, wrapped_dek, sealed_private
       FROM release_signing_key ORDER BY generation`,
  );
  return rows.map(({ generation, certificate, signs_from, term, wrapped_dek, sealed_private }) => ({
    generation,
    certificate,
    signsFrom: Number(signs_from),
    sealed:
      term === null || wrapped_dek === null || sealed_private === null
        ? undefined
        : { term, wrappedDek: wrapped_dek, sealedPrivate: sealed_private },
  }));
}

/** Does nothing when another process has made the key of this generation meanwhile. */
export async function insertReleaseSigningKey(
  sql: SqlClient,
  { generation, certificate, signsFrom, sealed }: ReleaseSigningKeyRow,
): Promise<void> {
  await sql.query(
    `INSERT INTO release_signing_key (generation, certificate, signs_from, term, wrapped_dek, sealed_private)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (generation) DO NOTHING`,
    [generation, certificate, signsFrom, sealed?.term, sealed?.wrappedDek, sealed?.sealedPrivate],
  );
}

/** Makes a key sign at `signsFrom` (Unix seconds), if it would sign later. */
export async function hastenReleaseSigningKey(sql: SqlClient, generation: number, signsFrom: number): Promise<void> {
  await sql.query(`UPDATE release_signing_key SET signs_from = least(signs_from, $2) WHERE generation = $1`, [
    generation,
    signsFrom,
  ]);
}

/** Destroys the private halves of all keys before this one. */
export async function destroyReleaseSigningKeysBefore(sql: SqlClient, generation: number): Promise<void> {
  await sql.query(
    `UPDATE release_signing_key SET term = NULL, wrapped_dek = NULL, sealed_private = NULL
      WHERE generation < $1 AND sealed_private IS NOT NULL`,
    [generation],
  );
}
