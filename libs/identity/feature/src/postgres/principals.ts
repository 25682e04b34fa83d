import type { WrappedDataKey } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';
import { isUuid } from '@coffer/kernel';

export interface PrincipalRow {
  readonly objectId: string;
  readonly appId: string;
  readonly displayName: string;
  readonly createdAt: Date;
  /** Absent when the principal has been deleted meanwhile. */
  readonly dek: WrappedDataKey | undefined;
  readonly passwords: readonly PasswordRow[];
}

export interface PasswordRow {
  readonly keyId: string;
  readonly startDateTime: Date;
  readonly endDateTime: Date | undefined;
  /** Ciphertext of a SealedPassword, base64url. */
  readonly sealed: string;
}

interface JoinedRow {
  readonly object_id: string;
  readonly app_id: string;
  readonly display_name: string;
  readonly created_at: Date;
  readonly term: number | null;
  readonly wrapped_dek: Buffer | null;
  readonly key_id: string | null;
  readonly start_date_time: Date;
  readonly end_date_time: Date | null;
  readonly sealed: string;
}

/** A principal with its DEK and all its passwords, oldest first: one row per password, one row with NULLs without any. */
const SELECT = (principals: string) => `
  SELECT p.object_id, p.app_id, p.display_name, p.created_at, m.term, m.wrapped_dek,
         w.key_id, w.start_date_time, w.end_date_time, w.sealed
  FROM ${principals} p
  LEFT JOIN material m ON m.object_id = p.object_id AND m.kind = 'identity' AND m.version = ''
  LEFT JOIN principal_passwords w ON w.object_id = p.object_id
  ORDER BY p.object_id, w.start_date_time, w.key_id`;

const BY_APP_ID = SELECT('(SELECT * FROM principals WHERE app_id = $1)');
const BY_OBJECT_ID = SELECT('(SELECT * FROM principals WHERE object_id = $1)');
const PAGE = SELECT(`(
  SELECT * FROM principals
  WHERE object_id > $1 AND ($2::text IS NULL OR app_id = $2) AND ($3::text IS NULL OR display_name = $3)
  ORDER BY object_id LIMIT $4)`);

/** `appId` may be any text that a caller sent; what is no UUID names nobody (Postgres takes no NUL in a text). */
export async function principalByAppId(client: SqlClient, appId: string): Promise<PrincipalRow | undefined> {
  if (!isUuid(appId)) return undefined;
  const { rows } = await client.query<JoinedRow>(BY_APP_ID, [appId.toLowerCase()]);
  return grouped(rows)[0];
}

export async function principalByObjectId(client: SqlClient, objectId: string): Promise<PrincipalRow | undefined> {
  const { rows } = await client.query<JoinedRow>(BY_OBJECT_ID, [objectId.toLowerCase()]);
  return grouped(rows)[0];
}

/** Principals after `afterObjectId` ('' for the first page) in the order of their object ids. */
export async function principalPage(
  client: SqlClient,
  page: {
    readonly afterObjectId: string;
    readonly appId?: string | undefined;
    readonly displayName?: string | undefined;
    readonly limit: number;
  },
): Promise<readonly PrincipalRow[]> {
  const { rows } = await client.query<JoinedRow>(PAGE, [
    page.afterObjectId,
    page.appId?.toLowerCase() ?? null,
    page.displayName ?? null,
    page.limit,
  ]);
  return grouped(rows);
}

export async function firstAdministrator(
  client: SqlClient,
): Promise<{ readonly objectId: string; readonly appId: string } | undefined> {
  const { rows } = await client.query<{ object_id: string; app_id: string }>(
    'SELECT object_id, app_id FROM first_administrator',
  );
  return rows[0] === undefined ? undefined : { objectId: rows[0].object_id, appId: rows[0].app_id };
}

function grouped(rows: readonly JoinedRow[]): readonly PrincipalRow[] {
  const principals = new Map<string, PrincipalRow & { passwords: PasswordRow[] }>();
  for (const row of rows) {
    const principal = principals.get(row.object_id) ?? { ...toPrincipal(row), passwords: [] };
    principals.set(row.object_id, principal);
    if (row.key_id !== null) principal.passwords.push(toPassword(row, row.key_id));
  }
  return [...principals.values()];
}

function toPrincipal(row: JoinedRow): Omit<PrincipalRow, 'passwords'> {
  const { term, wrapped_dek: wrappedDek } = row;
  return {
    objectId: row.object_id,
    appId: row.app_id,
    displayName: row.display_name,
    createdAt: row.created_at,
    dek: term === null || wrappedDek === null ? undefined : { term, wrappedDek },
  };
}

function toPassword(row: JoinedRow, keyId: string): PasswordRow {
  return {
    keyId,
    startDateTime: row.start_date_time,
    endDateTime: row.end_date_time ?? undefined,
    sealed: row.sealed,
  };
}
