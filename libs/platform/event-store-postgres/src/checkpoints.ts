import type { CheckpointStore, Database } from '@coffer/event-sourcing';

export interface ParkedVault {
  readonly consumer: string;
  readonly vaultId: string;
  readonly atSeq: number;
  readonly error: string;
}

/** Checkpoints and parked vaults in the consumer's own database. */
export function createCheckpointStore(database: Database): CheckpointStore {
  return {
    lock: async (client, consumer, vaultId) => {
      // The update changes nothing; it takes the row's lock whether the row is new or not.
      const { rows } = await client.query<{ last_seq: string }>(
        `INSERT INTO checkpoints AS c (consumer, vault_id, last_seq) VALUES ($1, $2, 0)
         ON CONFLICT (consumer, vault_id) DO UPDATE SET last_seq = c.last_seq
         RETURNING last_seq`,
        [consumer, vaultId],
      );
      return Number(rows[0]?.last_seq);
    },
    advance: async (client, consumer, vaultId, seq) => {
      await client.query('UPDATE checkpoints SET last_seq = $3 WHERE consumer = $1 AND vault_id = $2', [
        consumer,
        vaultId,
        seq,
      ]);
    },
    isParked: async (client, consumer, vaultId) => {
      const { rows } = await client.query('SELECT 1 FROM parked WHERE consumer = $1 AND vault_id = $2', [
        consumer,
        vaultId,
      ]);
      return rows.length > 0;
    },
    park: async (consumer, vaultId, atSeq, error) => {
      await database.query(
        `INSERT INTO parked (consumer, vault_id, at_seq, error) VALUES ($1, $2, $3, $4)
         ON CONFLICT (consumer, vault_id) DO NOTHING`,
        [consumer, vaultId, atSeq, error],
      );
    },
    release: async (consumer, vaultId) => {
      const { rowCount } = await database.query('DELETE FROM parked WHERE consumer = $1 AND vault_id = $2', [
        consumer,
        vaultId,
      ]);
      return rowCount === 1;
    },
  };
}

/** Every vault that some consumer of this service has set aside. */
export async function parkedVaults(database: Database): Promise<readonly ParkedVault[]> {
  const { rows } = await database.query<{ consumer: string; vault_id: string; at_seq: string; error: string }>(
    'SELECT consumer, vault_id, at_seq, error FROM parked ORDER BY consumer, vault_id',
  );
  return rows.map((row) => ({
    consumer: row.consumer,
    vaultId: row.vault_id,
    atSeq: Number(row.at_seq),
    error: row.error,
  }));
}
