import type { SqlClient } from '@coffer/event-sourcing';
import type { SecretVersionSetData, SecretVersionUpdatedData } from '@coffer/secrets-domain';

export interface NewVersion {
  readonly objectId: string;
  readonly vaultId: string;
  readonly nameKey: string;
  /** Stream version of the event. */
  readonly ordinal: number;
  readonly data: SecretVersionSetData;
  readonly sealed: string | undefined;
  /** No later version of the same secret is in the list. */
  readonly latest: boolean;
}

/**
 * Stores versions, of many secrets at once, and makes them the latest. Takes the name of a secret that is new; throws a
 * unique violation when another incarnation holds it.
 */
export async function insertVersions(client: SqlClient, versions: readonly NewVersion[]): Promise<void> {
  await client.query(
    `WITH n AS (
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::text[], $7::text[],
                            $8::boolean[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
                AS n (object_id, vault_id, name_key, ordinal, latest, name, version,
                      enabled, nbf, exp, created, material_id, sealed)
     ), added AS (
       INSERT INTO secret_versions
         (object_id, version, ordinal, enabled, nbf, exp, created, updated, material_id, sealed)
       SELECT object_id, version, ordinal, enabled, nbf, exp, created, created, material_id, sealed FROM n
     )
     INSERT INTO secret_current (object_id, vault_id, name_key, name, latest_version)
     SELECT object_id, vault_id, name_key, name, version FROM n WHERE latest ORDER BY vault_id, name_key
     ON CONFLICT (object_id) DO UPDATE SET latest_version = excluded.latest_version`,
    [
      versions.map(({ objectId }) => objectId),
      versions.map(({ vaultId }) => vaultId),
      versions.map(({ nameKey }) => nameKey),
      versions.map(({ ordinal }) => ordinal),
      versions.map(({ latest }) => latest),
      versions.map(({ data }) => data.name),
      versions.map(({ data }) => data.version),
      versions.map(({ data }) => data.enabled),
      versions.map(({ data }) => data.nbf ?? null),
      versions.map(({ data }) => data.exp ?? null),
      versions.map(({ data }) => data.created),
      versions.map(({ data }) => data.materialId),
      versions.map(({ sealed }) => sealed ?? null),
    ],
  );
}

/** Changes what the event carries and nothing else. `updated` does not move back when the clock did. */
export async function updateVersion(
  client: SqlClient,
  objectId: string,
  data: SecretVersionUpdatedData,
  sealed: string | undefined,
): Promise<void> {
  const describing = (member: 'contentType' | 'tags'): string | null =>
    data.describes?.includes(member) === true ? (sealed ?? null) : null;
  await client.query(
    `UPDATE secret_versions
        SET enabled = coalesce($3, enabled), nbf = coalesce($4, nbf), exp = coalesce($5, exp),
            sealed_content_type = coalesce($6, sealed_content_type), sealed_tags = coalesce($7, sealed_tags),
            updated = greatest(updated, $8)
      WHERE object_id = $1 AND version = $2`,
    [
      objectId,
      data.version,
      data.enabled ?? null,
      data.nbf ?? null,
      data.exp ?? null,
      describing('contentType'),
      describing('tags'),
      data.updated,
    ],
  );
}

/** Unix seconds; both `undefined` for a secret that is active again. */
export async function setDeleted(
  client: SqlClient,
  objectId: string,
  deletedDate: number | undefined,
  scheduledPurgeDate: number | undefined,
): Promise<void> {
  await client.query(`UPDATE secret_current SET deleted_date = $2, scheduled_purge_date = $3 WHERE object_id = $1`, [
    objectId,
    deletedDate ?? null,
    scheduledPurgeDate ?? null,
  ]);
}

/** Frees the name, and forgets every version. */
export async function removeSecret(client: SqlClient, objectId: string): Promise<void> {
  await client.query(
    `WITH versions AS (DELETE FROM secret_versions WHERE object_id = $1) DELETE FROM secret_current WHERE object_id = $1`,
    [objectId],
  );
}
