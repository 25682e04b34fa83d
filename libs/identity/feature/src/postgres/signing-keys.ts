import type { SqlClient } from '@coffer/event-sourcing';
import type { JWK } from 'jose';

export interface SigningKeyRow {
  readonly number: number;
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly activeFrom: Date;
  readonly term: number;
  readonly wrappedDek: Buffer;
  readonly sealedPrivate: Buffer;
}

/** All keys in the order of their numbers. */
export async function selectSigningKeys(client: SqlClient): Promise<readonly SigningKeyRow[]> {
  const { rows } = await client.query<SigningKeyRow>(
    `SELECT number, kid, public_jwk AS "publicJwk", active_from AS "activeFrom", term,
            wrapped_dek AS "wrappedDek", sealed_private AS "sealedPrivate"
     FROM signing_keys ORDER BY number`,
  );
  return rows;
}

/** Does nothing when another instance has made the key of this number meanwhile. */
export async function insertSigningKey(client: SqlClient, key: SigningKeyRow): Promise<void> {
  await client.query(
    `INSERT INTO signing_keys (number, kid, public_jwk, active_from, term, wrapped_dek, sealed_private)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (number) DO NOTHING`,
    [key.number, key.kid, JSON.stringify(key.publicJwk), key.activeFrom, key.term, key.wrappedDek, key.sealedPrivate],
  );
}

export async function deleteSigningKeysBelow(client: SqlClient, number: number): Promise<void> {
  await client.query('DELETE FROM signing_keys WHERE number < $1', [number]);
}
