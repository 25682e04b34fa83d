import type { SqlClient } from '@coffer/event-sourcing';

/** Which service's data a KEK protects; purposes never share one. */
export type Purpose = 'keys' | 'secrets' | 'identity' | 'key-backups';

export interface KekRow {
  readonly term: number;
  /** Null once destroyed. */
  readonly wrapped: Buffer | null;
  readonly state: 'current' | 'retired' | 'destroyed';
  readonly retired_at: Date | null;
}

/** Makes other writers of this vault's KEKs wait until the transaction ends. */
export async function lockVault(client: SqlClient, vaultId: string): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('coffer.keks.' || $1, 0))`, [vaultId]);
}

export async function selectCurrentKek(
  client: SqlClient,
  vaultId: string,
  purpose: Purpose,
): Promise<KekRow | undefined> {
  const { rows } = await client.query<KekRow>(
    `SELECT term, wrapped, state, retired_at FROM keks WHERE vault_id = $1 AND purpose = $2 AND state = 'current'`,
    [vaultId, purpose],
  );
  return rows[0];
}

export async function selectKek(
  client: SqlClient,
  vaultId: string,
  purpose: Purpose,
  term: number,
): Promise<KekRow | undefined> {
  const { rows } = await client.query<KekRow>(
    'SELECT term, wrapped, state, retired_at FROM keks WHERE vault_id = $1 AND purpose = $2 AND term = $3',
    [vaultId, purpose, term],
  );
  return rows[0];
}

/** The highest term ever used, 0 when there is none. */
export async function selectLastTerm(client: SqlClient, vaultId: string, purpose: Purpose): Promise<number> {
  const { rows } = await client.query<{ last: number }>(
    'SELECT coalesce(max(term), 0) AS last FROM keks WHERE vault_id = $1 AND purpose = $2',
    [vaultId, purpose],
  );
  return rows[0]?.last ?? 0;
}

export async function retireCurrentKek(client: SqlClient, vaultId: string, purpose: Purpose, at: Date): Promise<void> {
  await client.query(
    `UPDATE keks SET state = 'retired', retired_at = $3 WHERE vault_id = $1 AND purpose = $2 AND state = 'current'`,
    [vaultId, purpose, at],
  );
}

export async function insertCurrentKek(
  client: SqlClient,
  kek: {
    readonly vaultId: string;
    readonly purpose: Purpose;
    readonly term: number;
    readonly wrapped: Buffer;
    readonly at: Date;
  },
): Promise<void> {
  await client.query(
    `INSERT INTO keks (vault_id, purpose, term, wrapped, created_at, state) VALUES ($1, $2, $3, $4, $5, 'current')`,
    [kek.vaultId, kek.purpose, kek.term, kek.wrapped, kek.at],
  );
}

/** Keeps the row, so that the number is not used again. */
export async function destroyKek(client: SqlClient, vaultId: string, purpose: Purpose, term: number): Promise<void> {
  await client.query(
    `UPDATE keks SET state = 'destroyed', wrapped = NULL WHERE vault_id = $1 AND purpose = $2 AND term = $3`,
    [vaultId, purpose, term],
  );
}

export async function deleteKeksOfVault(client: SqlClient, vaultId: string): Promise<void> {
  await client.query('DELETE FROM keks WHERE vault_id = $1', [vaultId]);
}

export async function insertDestroyedVault(client: SqlClient, vaultId: string, at: Date): Promise<void> {
  await client.query(
    'INSERT INTO keyring_destroyed_vaults (vault_id, destroyed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [vaultId, at],
  );
}

export async function isDestroyedVault(client: SqlClient, vaultId: string): Promise<boolean> {
  const { rows } = await client.query('SELECT 1 FROM keyring_destroyed_vaults WHERE vault_id = $1', [vaultId]);
  return rows.length > 0;
}
