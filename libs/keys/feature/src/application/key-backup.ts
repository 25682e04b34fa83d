import { CofferError, defined, type SecretBytes, type Tags } from '@coffer/kernel';
import { keyNotFound } from '@coffer/keys-domain';
import { nameKey, type VaultSnapshot } from '@coffer/wire';
import { seconds, type KeyMaterialRow } from '../postgres/key-row.js';
import { readBackup } from '../postgres/read-backup.js';
import { sealBackup, type BackedUpVersion } from './backup-blob.js';
import { custodyOfRow, releaseOfRow, tagsOf, textsOf } from './key-view.js';
import { openPrivateKey } from './material.js';
import type { KeysPorts } from './ports.js';

/** Of a key that can be backed up (azure-api d.3). */
const MAX_VERSIONS = 500;

/**
 * All versions of an active key, sealed: only this installation can open the result, and only for vaults of the same
 * subscription and location. Throws KeyNotFound, BadParameter for a key with too many versions.
 */
export async function keyBackup(ports: KeysPorts, vault: VaultSnapshot, name: string): Promise<Buffer> {
  const rows = await readBackup(ports.database, vault.vaultId, nameKey(name), MAX_VERSIONS + 1);
  const [first] = rows;
  if (first === undefined) throw keyNotFound(name);
  if (rows.length > MAX_VERSIONS) {
    throw new CofferError('BadParameter', `A key with more than ${MAX_VERSIONS} versions cannot be backed up.`);
  }
  const texts = await textsOf(ports.sealer, vault.vaultId, first);
  const privateKeys: SecretBytes[] = [];
  try {
    for (const row of rows) privateKeys.push(await privateKeyOf(ports, vault.vaultId, row));
    const versions = rows.map((row) => factsOf(row, row.sealed === null ? undefined : tagsOf(texts, row.sealed)));
    const rotationPolicy = first.rotation_policy ?? undefined;
    const backup = { name: first.name, versions, ...defined({ rotationPolicy }), privateKeys };
    return await sealBackup(ports.backups, vault, backup);
  } finally {
    for (const key of privateKeys) key.destroy();
  }
}

/** The private key of a row; the caller destroys it. */
export function privateKeyOf({ sealer }: KeysPorts, vaultId: string, row: KeyMaterialRow): Promise<SecretBytes> {
  const { object_id: objectId, version, material_term: term, material_wrapped_dek: wrappedDek, ciphertext } = row;
  return openPrivateKey(sealer, { vaultId, objectId, version }, { term, wrappedDek }, ciphertext);
}

function factsOf(row: KeyMaterialRow, tags: Tags | undefined): BackedUpVersion {
  const { version, public: half, key_ops: keyOps, enabled } = row;
  return {
    version,
    public: half,
    keyOps,
    enabled,
    created: Number(row.created),
    updated: Number(row.updated),
    ...defined({ nbf: seconds(row.nbf), exp: seconds(row.exp), tags }),
    ...defined({ origin: row.origin ?? undefined, wrappedBy: row.wrapped_by ?? undefined }),
    ...releaseOfRow(row),
    ...custodyOfRow(row),
  };
}
