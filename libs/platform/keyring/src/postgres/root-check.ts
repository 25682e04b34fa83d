import type { SqlClient } from '@coffer/event-sourcing';
import type { RootKeyParameters } from '../root-key/root-key.js';

export interface RootCheckRow {
  readonly parameters: RootKeyParameters;
  readonly check_value: Buffer;
}

/** Makes other processes that set up the keyring wait until the transaction ends. */
export async function lockRootCheck(client: SqlClient): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('coffer.keyring-root', 0))`);
}

export async function selectRootCheck(client: SqlClient): Promise<RootCheckRow | undefined> {
  const { rows } = await client.query<RootCheckRow>('SELECT parameters, check_value FROM keyring_root');
  return rows[0];
}

export async function insertRootCheck(client: SqlClient, row: RootCheckRow, at: Date): Promise<void> {
  await client.query('INSERT INTO keyring_root (parameters, check_value, created_at) VALUES ($1, $2, $3)', [
    JSON.stringify(row.parameters),
    row.check_value,
    at,
  ]);
}
