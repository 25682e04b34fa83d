import type { SqlClient } from '@coffer/event-sourcing';

/** The key that signs what release answers; one for the installation. */
export interface ReleaseSigningKeyRow {
  /** DER, self-signed. */
  readonly certificate: Buffer;
  readonly term: number;
  readonly wrappedDek: Buffer;
  /** PKCS#8 under the DEK. */
  readonly sealedPrivate: Buffer;
}

export async function selectReleaseSigningKey(sql: SqlClient): Promise<ReleaseSigningKeyRow | undefined> {
  const { rows } = await sql.query<ReleaseSigningKeyRow>(
    `SELECT certificate, term, wrapped_dek AS "wrappedDek", sealed_private AS "sealedPrivate" FROM release_signing_key`,
  );
  return rows[0];
}

/** DER of the certificate; `undefined` before the first release. */
export async function readReleaseCertificate(sql: SqlClient): Promise<Buffer | undefined> {
  return (await selectReleaseSigningKey(sql))?.certificate;
}

/** Does nothing when another instance has made the key meanwhile. */
export async function insertReleaseSigningKey(sql: SqlClient, key: ReleaseSigningKeyRow): Promise<void> {
  await sql.query(
    `INSERT INTO release_signing_key (certificate, term, wrapped_dek, sealed_private)
     VALUES ($1, $2, $3, $4) ON CONFLICT (singleton) DO NOTHING`,
    [key.certificate, key.term, key.wrappedDek, key.sealedPrivate],
  );
}
