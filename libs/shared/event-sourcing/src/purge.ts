import { assertNever, purgeProtected, type CofferError } from '@coffer/kernel';
import type { MaterialRow, SqlClient } from './ports.js';

/** SHA-256 (hex) of one ciphertext that a purge destroyed. */
export interface MaterialDigest {
  readonly version: string;
  readonly sha256: string;
}

/** `request`: a caller asks. `retention`: its time is over. `vault`: the vault is gone, so is every object of it. */
export type PurgeReason =
  | { readonly reason: 'request'; readonly purgeProtection: boolean; readonly vaultName: string }
  | { readonly reason: 'retention' }
  | { readonly reason: 'vault' };

/** Digests of an object's ciphertexts of one kind as they stand in the event store's `material`, in the order of the versions. */
export async function materialDigests(
  sql: SqlClient,
  objectId: string,
  kind: MaterialRow['kind'],
): Promise<MaterialDigest[]> {
  const { rows } = await sql.query<MaterialDigest>(
    `SELECT version, encode(sha256(ciphertext), 'hex') AS sha256
       FROM material
      WHERE object_id = $1 AND kind = $2
      ORDER BY version`,
    [objectId, kind],
  );
  return rows;
}

/** What a purge needs to know of an object; the date is Unix seconds, absent when nothing purges it by the clock. */
export interface PurgeableState {
  readonly status: 'none' | 'active' | 'deleted' | 'purged';
  readonly scheduledPurgeDate?: number;
}

/** An object that stands there, soft-deleted or not. */
type Standing<State extends PurgeableState> = Extract<State, { readonly status: 'active' | 'deleted' }>;

/**
 * Whether an object is purged now (Unix seconds): by request only when it is soft-deleted and its vault allows it, by the
 * clock only when its retention has ended, with its vault always. Throws PurgeProtected, and `notDeleted` to a request.
 */
export function isToBePurged<State extends PurgeableState>(
  state: State,
  because: PurgeReason,
  now: number,
  notDeleted: () => CofferError,
): state is Standing<State> {
  switch (because.reason) {
    case 'request':
      if (state.status !== 'deleted') throw notDeleted();
      if (because.purgeProtection) throw purgeProtected(because.vaultName);
      return true;
    case 'retention':
      return state.status === 'deleted' && state.scheduledPurgeDate !== undefined && now >= state.scheduledPurgeDate;
    case 'vault':
      return state.status === 'active' || state.status === 'deleted';
    default:
      return assertNever(because);
  }
}
