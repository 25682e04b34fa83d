import { keyFormatOf, type CryptoProvider, type KeyHandle, type Sealer } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';
import type { KeyUsage } from '@coffer/keys-domain';
import { loadUsableKey, type UsableKeyRow } from '../postgres/load-usable-key.js';
import { seconds } from '../postgres/key-row.js';
import { keyStreamId } from './key-stream.js';
import { custodyOfRow } from './key-view.js';
import { openPrivateKey } from './material.js';

/** A key version ready for cryptography: its state as of the load, and its private key inside the provider. */
export interface UsableKey extends KeyUsage {
  readonly streamId: string;
  readonly name: string;
  readonly version: string;
  readonly handle: KeyHandle;
}

/** Names a key version the way requests do: `version` absent means the latest. */
export interface KeyReference {
  readonly vaultId: string;
  readonly nameKey: string;
  readonly version: string | undefined;
}

export type LoadKey = (reference: KeyReference) => Promise<UsableKey | undefined>;

/** One statement, one unwrap, one load into the provider. `undefined` when there is no such active key version. */
export function keyLoader(ports: {
  readonly database: SqlClient;
  readonly sealer: Sealer;
  readonly provider: CryptoProvider;
}): LoadKey {
  return async ({ vaultId, nameKey, version }) => {
    const row = await loadUsableKey(ports.database, vaultId, nameKey, version);
    return row === undefined ? undefined : toUsableKey(ports, vaultId, row);
  };
}

async function toUsableKey(
  { sealer, provider }: { readonly sealer: Sealer; readonly provider: CryptoProvider },
  vaultId: string,
  row: UsableKeyRow,
): Promise<UsableKey> {
  const { object_id: objectId, version, term, wrapped_dek: wrappedDek, ciphertext } = row;
  const privateKey = await openPrivateKey(sealer, { vaultId, objectId, version }, { term, wrappedDek }, ciphertext);
  try {
    return {
      streamId: keyStreamId(objectId),
      name: row.name,
      version,
      enabled: row.enabled,
      nbf: seconds(row.nbf),
      exp: seconds(row.exp),
      keyOps: row.key_ops,
      handle: provider.load(privateKey, keyFormatOf({ kty: row.kty, ...custodyOfRow(row) })),
    };
  } finally {
    privateKey.destroy();
  }
}
