import type { SqlClient } from '@coffer/event-sourcing';
import { defined } from '@coffer/kernel';
import { nextOf, timersOf, type StoredRotationPolicy } from '@coffer/keys-domain';
import { seconds } from './key-row.js';

interface TimedRow {
  readonly rotation_policy: StoredRotationPolicy | null;
  readonly latest_created: string | null;
  readonly latest_exp: string | null;
  readonly latest_enabled: boolean | null;
  readonly near_expiry_notified: string | null;
  readonly expired_notified: string | null;
}

/** Sets `due` by what the row now says of the latest version and the policy; within a transaction. */
export async function refreshDue(client: SqlClient, objectId: string): Promise<void> {
  const { rows } = await client.query<TimedRow>(
    `SELECT rotation_policy, latest_created, latest_exp, latest_enabled, near_expiry_notified, expired_notified
       FROM key_current WHERE object_id = $1 FOR UPDATE`,
    [objectId],
  );
  const row = rows[0];
  if (row === undefined || row.latest_created === null) return;
  const timers = timersOf({
    created: Number(row.latest_created),
    enabled: row.latest_enabled ?? true,
    ...defined({
      policy: row.rotation_policy ?? undefined,
      exp: seconds(row.latest_exp),
      nearExpiryNotified: seconds(row.near_expiry_notified),
      expiredNotified: seconds(row.expired_notified),
    }),
  });
  await client.query(`UPDATE key_current SET due = $2 WHERE object_id = $1`, [objectId, nextOf(timers) ?? null]);
}

/** A key whose timer has ended. */
export interface DueKey {
  readonly objectId: string;
  readonly vaultId: string;
  readonly name: string;
}

/**
 * Takes keys whose timers have ended at `now` for `forSeconds`: nobody else gets them meanwhile. Unix seconds.
 */
export async function claimDue(
  sql: SqlClient,
  now: number,
  forSeconds: number,
  limit: number,
): Promise<readonly DueKey[]> {
  const { rows } = await sql.query<{ object_id: string; vault_id: string; name: string }>(
    `WITH candidates AS (
       SELECT c.object_id, c.vault_id, c.name
         FROM key_current c LEFT JOIN key_timer_claims t ON t.object_id = c.object_id
        WHERE c.due <= $1 AND c.deleted_date IS NULL AND (t.until IS NULL OR t.until <= $1)
        ORDER BY c.due, c.object_id LIMIT $3),
     claimed AS (
       INSERT INTO key_timer_claims (object_id, until) SELECT object_id, $1::bigint + $2::bigint FROM candidates
       ON CONFLICT (object_id) DO UPDATE SET until = excluded.until WHERE key_timer_claims.until <= $1
       RETURNING object_id)
     SELECT object_id, vault_id, name FROM candidates JOIN claimed USING (object_id)`,
    [now, forSeconds, limit],
  );
  return rows.map((row) => ({ objectId: row.object_id, vaultId: row.vault_id, name: row.name }));
}

export async function releaseClaim(sql: SqlClient, objectId: string): Promise<void> {
  await sql.query(`DELETE FROM key_timer_claims WHERE object_id = $1`, [objectId]);
}

/** The name of an active key as it was given, and its policy: `null` when it has none. `undefined`: there is no such key. */
export async function readRotationPolicy(
  sql: SqlClient,
  vaultId: string,
  nameKey: string,
): Promise<{ readonly name: string; readonly policy: StoredRotationPolicy | null } | undefined> {
  const { rows } = await sql.query<{ name: string; policy: StoredRotationPolicy | null }>(
    `SELECT name, rotation_policy AS policy FROM key_current WHERE vault_id = $1 AND name_key = $2 AND deleted_date IS NULL`,
    [vaultId, nameKey],
  );
  return rows[0];
}
