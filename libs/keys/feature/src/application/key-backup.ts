import { eventSealer, objectScope } from '@coffer/contracts';
import { CofferError, defined, type SecretBytes, type Tags } from '@coffer/kernel';
import { keyNotFound } from '@coffer/keys-domain';
import { nameKey, type VaultSnapshot } from '@coffer/wire';
import { readBackup, type BackupRow } from '../postgres/read-backup.js';
import { sealBackup, type BackedUpVersion } from './backup-blob.js';
import { releaseOfRow } from './key-view.js';
import { keyScope, PRIVATE_KEY } from './material.js';
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
  const wrapped = { term: first.term, wrappedDek: first.wrapped_dek };
  const texts = eventSealer(await ports.sealer.open(objectScope(vault.vaultId, first.object_id), wrapped));
  const privateKeys: SecretBytes[] = [];
  try {
    for (const row of rows) privateKeys.push(await privateKeyOf(ports, vault.vaultId, row));
    const tagsOf = ({ sealed }: BackupRow) =>
      sealed === null ? undefined : (texts.unseal(sealed)?.['tags'] as Tags | undefined);
    const versions = rows.map((row) => factsOf(row, tagsOf(row)));
    const rotationPolicy = first.rotation_policy ?? undefined;
    const backup = { name: first.name, versions, ...defined({ rotationPolicy }), privateKeys };
    return await sealBackup(ports.backups, vault, backup);
  } finally {
    for (const key of privateKeys) key.destroy();
  }
}

/** The private key of a row; the caller destroys it. */
export async function privateKeyOf({ sealer }: KeysPorts, vaultId: string, row: BackupRow): Promise<SecretBytes> {
  const wrapped = { term: row.material_term, wrappedDek: row.material_wrapped_dek };
  const dek = await sealer.open(keyScope(vaultId, row.object_id, row.version), wrapped);
  return dek.decrypt(row.ciphertext, PRIVATE_KEY);
}

function factsOf(row: BackupRow, tags: Tags | undefined): BackedUpVersion {
  const { version, public: half, key_ops: keyOps, enabled } = row;
  const seconds = (column: string | null) => (column === null ? undefined : Number(column));
  return {
    version,
    public: half,
    keyOps,
    enabled,
    created: Number(row.created),
    updated: Number(row.updated),
    ...defined({ nbf: seconds(row.nbf), exp: seconds(row.exp), tags, origin: row.origin ?? undefined }),
    ...releaseOfRow(row),
  };
}
