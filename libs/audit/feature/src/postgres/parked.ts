import type { SqlClient } from '@coffer/event-sourcing';

/** Keeps a message that is no valid record. False when this very message is parked already. `now`: milliseconds since the epoch. */
export async function insertParked(
  client: SqlClient,
  parked: { readonly message: string; readonly reason: string },
  now: number,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO audit_parked (fingerprint, message, reason, parked_at)
     VALUES (sha256(convert_to($1, 'UTF8')), $1, $2, $3)
     ON CONFLICT (fingerprint) DO NOTHING`,
    [parked.message, parked.reason, new Date(now).toISOString()],
  );
  return rowCount === 1;
}

/** Every parked message, oldest first. */
export async function listParked(client: SqlClient): Promise<readonly { fingerprint: Buffer; message: string }[]> {
  const { rows } = await client.query<{ fingerprint: Buffer; message: string }>(
    'SELECT fingerprint, message FROM audit_parked ORDER BY parked_at, fingerprint',
  );
  return rows;
}

export async function deleteParked(client: SqlClient, fingerprint: Buffer): Promise<void> {
  await client.query('DELETE FROM audit_parked WHERE fingerprint = $1', [fingerprint]);
}
