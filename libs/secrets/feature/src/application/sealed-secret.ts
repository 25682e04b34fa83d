import type { DataKey, Lease, Sealer } from '@coffer/contracts';
import { LeasedCache, type SqlClient } from '@coffer/event-sourcing';
import type { SecretBytes } from '@coffer/kernel';
import { loadSealedSecret } from '../postgres/load-sealed-secret.js';
import { secretScope, SECRET_VALUE } from './material.js';
import { secretStreamId } from './secret-stream.js';
import { viewOfRow, type SecretView } from './secret-view.js';

/** A secret version ready to be shown: its state as of the load, and its value, still sealed. */
export interface SealedSecret {
  readonly streamId: string;
  readonly view: SecretView;
  readonly dek: DataKey;
  readonly ciphertext: Buffer;
}

/** Names a secret version the way requests do: `version` absent means the latest. */
export interface SecretReference {
  readonly vaultId: string;
  readonly nameKey: string;
  readonly version: string | undefined;
}

export type SecretCache = LeasedCache<SecretReference, SealedSecret>;

/** Of ciphertexts in memory. */
const MAX_BYTES = 64 * 1024 * 1024;
/** What a cached secret takes besides its ciphertext, about. */
const OVERHEAD_BYTES = 1024;

/** Secrets of active names; one statement and two unwraps per load. */
export function createSecretCache(ports: {
  readonly database: SqlClient;
  readonly sealer: Sealer;
  readonly lease: Lease;
}): SecretCache {
  return new LeasedCache({
    name: 'SecretCache',
    load: (reference) => load(ports, reference),
    keyOf: ({ vaultId, nameKey, version }) => `${vaultId}/${nameKey}/${version ?? ''}`,
    vaultOf: ({ vaultId }) => vaultId,
    streamsOf: ({ streamId }) => [streamId],
    lease: ports.lease,
    bytes: { max: MAX_BYTES, of: ({ ciphertext }) => ciphertext.length + OVERHEAD_BYTES },
  });
}

/** The plaintext; destroy it after use. */
export function openValue({ dek, ciphertext }: SealedSecret): SecretBytes {
  return dek.decrypt(ciphertext, SECRET_VALUE);
}

async function load(
  { database, sealer }: { readonly database: SqlClient; readonly sealer: Sealer },
  { vaultId, nameKey, version }: SecretReference,
): Promise<SealedSecret | undefined> {
  const row = await loadSealedSecret(database, vaultId, nameKey, version);
  if (row === undefined) return undefined;
  const wrapped = { term: row.value_term, wrappedDek: row.value_dek };
  const dek = await sealer.open(secretScope(vaultId, row.object_id, row.version), wrapped);
  const view = await viewOfRow(sealer, vaultId, row);
  return { streamId: secretStreamId(row.object_id), view, dek, ciphertext: row.ciphertext };
}
