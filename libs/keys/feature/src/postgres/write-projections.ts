import type { SqlClient } from '@coffer/event-sourcing';
import { defined } from '@coffer/kernel';
import type {
  KeyExpiryNotifiedData,
  KeyRotationPolicySetData,
  KeyVersionCreatedData,
  KeyVersionUpdatedData,
} from '@coffer/keys-domain';

export interface NewCurrent {
  readonly objectId: string;
  readonly vaultId: string;
  readonly nameKey: string;
}

/** Takes the name for its first version; throws a unique violation when another incarnation holds it. */
export async function insertCurrent(
  client: SqlClient,
  { objectId, vaultId, nameKey }: NewCurrent,
  { name, version, created, exp, enabled }: KeyVersionCreatedData,
): Promise<void> {
  await client.query(
    `INSERT INTO key_current
       (object_id, vault_id, name_key, name, latest_version, latest_created, latest_exp, latest_enabled)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [objectId, vaultId, nameKey, name, version, created, exp ?? null, enabled],
  );
}

/** Names the latest version, and what its timers depend on. Nothing of it has been told of yet. */
export async function setLatestVersion(
  client: SqlClient,
  objectId: string,
  { version, created, exp, enabled }: KeyVersionCreatedData,
): Promise<void> {
  await client.query(
    `UPDATE key_current
        SET latest_version = $2, latest_created = $3, latest_exp = $4, latest_enabled = $5,
            near_expiry_notified = NULL, expired_notified = NULL
      WHERE object_id = $1`,
    [objectId, version, created, exp ?? null, enabled],
  );
}

/** Follows a change of the latest version; of another one nothing is kept here. */
export async function changeLatestVersion(
  client: SqlClient,
  objectId: string,
  { version, exp, enabled }: KeyVersionUpdatedData,
): Promise<void> {
  await client.query(
    `UPDATE key_current SET latest_exp = coalesce($3, latest_exp), latest_enabled = coalesce($4, latest_enabled)
      WHERE object_id = $1 AND latest_version = $2`,
    [objectId, version, exp ?? null, enabled ?? null],
  );
}

export async function setRotationPolicy(
  client: SqlClient,
  objectId: string,
  { lifetimeActions, expiryTime, created, updated }: KeyRotationPolicySetData,
): Promise<void> {
  const policy = { lifetimeActions, ...defined({ expiryTime }), created, updated };
  await client.query(`UPDATE key_current SET rotation_policy = $2 WHERE object_id = $1`, [
    objectId,
    JSON.stringify(policy),
  ]);
}

export async function setNotified(
  client: SqlClient,
  objectId: string,
  { version, notice, exp }: KeyExpiryNotifiedData,
): Promise<void> {
  const column = notice === 'Expired' ? 'expired_notified' : 'near_expiry_notified';
  await client.query(`UPDATE key_current SET ${column} = $3 WHERE object_id = $1 AND latest_version = $2`, [
    objectId,
    version,
    exp,
  ]);
}

/** Unix seconds; both `undefined` for a key that is active again. */
export async function setDeleted(
  client: SqlClient,
  objectId: string,
  deletedDate: number | undefined,
  scheduledPurgeDate: number | undefined,
): Promise<void> {
  await client.query(`UPDATE key_current SET deleted_date = $2, scheduled_purge_date = $3 WHERE object_id = $1`, [
    objectId,
    deletedDate ?? null,
    scheduledPurgeDate ?? null,
  ]);
}

export async function removeCurrent(client: SqlClient, objectId: string): Promise<void> {
  await client.query(`DELETE FROM key_current WHERE object_id = $1`, [objectId]);
}

export async function insertVersion(
  client: SqlClient,
  objectId: string,
  ordinal: number,
  data: KeyVersionCreatedData,
  sealed: string | undefined,
): Promise<void> {
  await client.query(
    `INSERT INTO key_versions
       (object_id, version, ordinal, public, key_ops, enabled, nbf, exp, created, updated, material_id, sealed, origin,
        exportable, release_policy, wrapped_by, hsm)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $12, $10, $11, $13, $14, $15, $16, $17)`,
    [
      objectId,
      data.version,
      ordinal,
      JSON.stringify(data.public),
      data.keyOps,
      data.enabled,
      data.nbf ?? null,
      data.exp ?? null,
      data.created,
      data.materialId,
      sealed ?? null,
      data.updated ?? data.created,
      data.origin ?? null,
      data.exportable ?? false,
      json(data.releasePolicy),
      json(data.wrappedBy),
      data.hsm ?? false,
    ],
  );
}

/** Changes what the event carries and nothing else. */
export async function updateVersion(
  client: SqlClient,
  objectId: string,
  data: KeyVersionUpdatedData,
  sealed: string | undefined,
): Promise<void> {
  await client.query(
    `UPDATE key_versions
        SET enabled = coalesce($3, enabled), nbf = coalesce($4, nbf), exp = coalesce($5, exp),
            key_ops = coalesce($6, key_ops), sealed = coalesce($7, sealed), updated = $8,
            release_policy = coalesce($9, release_policy)
      WHERE object_id = $1 AND version = $2`,
    [
      objectId,
      data.version,
      data.enabled ?? null,
      data.nbf ?? null,
      data.exp ?? null,
      data.keyOps ?? null,
      sealed ?? null,
      data.updated,
      json(data.releasePolicy),
    ],
  );
}

function json(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

export async function removeVersions(client: SqlClient, objectId: string): Promise<void> {
  await client.query(`DELETE FROM key_versions WHERE object_id = $1`, [objectId]);
}
