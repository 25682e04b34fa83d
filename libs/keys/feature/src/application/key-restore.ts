import { keyFormatOf, newIncarnation } from '@coffer/contracts';
import type { MaterialRow } from '@coffer/event-sourcing';
import {
  defined,
  isCofferError,
  nameIsSoftDeleted,
  nameIsTaken,
  toUnixSeconds,
  type SecretBytes,
} from '@coffer/kernel';
import { assertCustody, specOfVersion, type KeySpec, type RestoredVersion } from '@coffer/keys-domain';
import { nameKey, type Commander, type VaultSnapshot } from '@coffer/wire';
import { findKey } from '../postgres/find-key.js';
import { openBackup, type BackedUpVersion, type Backup } from './backup-blob.js';
import type { KeyCommands } from './key-commands.js';
import { viewOfState, type KeyView } from './key-view.js';
import { sealPrivateKey } from './material.js';
import type { KeysPorts } from './ports.js';

type Ports = Pick<KeysPorts, 'database' | 'sealer' | 'backups' | 'provider'>;

/**
 * Makes the key of a backup again, with its name and the ids, attributes and tags of all its versions. `announce` hears the
 * name before anything is stored. Throws BadParameter for what is no backup of here, Conflict when the name is taken,
 * ObjectIsDeletedButRecoverable.
 */
export async function keyRestore(
  ports: Ports,
  commands: KeyCommands,
  by: Commander,
  vault: VaultSnapshot,
  blob: Buffer,
  announce: (name: string) => void,
): Promise<KeyView> {
  const backup = await openBackup(ports.backups, vault, blob);
  try {
    announce(backup.name);
    await assertFree(ports, vault.vaultId, backup.name);
    return await restore(ports, commands, by, backup).catch(async (error: unknown) => {
      // Somebody else may have taken the name meanwhile: then another try would be in vain.
      if (isCofferError(error, 'Conflict')) await assertFree(ports, vault.vaultId, backup.name);
      throw error;
    });
  } finally {
    for (const key of backup.privateKeys) key.destroy();
  }
}

/** Throws Conflict, ObjectIsDeletedButRecoverable. */
async function assertFree({ database }: Ports, vaultId: string, name: string): Promise<void> {
  const held = await findKey(database, vaultId, nameKey(name));
  if (held !== undefined) throw held.deleted ? nameIsSoftDeleted('key', name) : nameIsTaken('key', name);
}

async function restore(ports: Ports, commands: KeyCommands, by: Commander, backup: Backup): Promise<KeyView> {
  const { name, rotationPolicy } = backup;
  const { objectId, objectDek, newRows } = await newIncarnation(ports.sealer, by.vaultId);
  const rows: MaterialRow[] = [...newRows];
  const versions: RestoredVersion[] = [];
  for (const [index, facts] of backup.versions.entries()) {
    const key = backup.privateKeys[index] as SecretBytes;
    const place = { vaultId: by.vaultId, objectId, version: facts.version };
    const row = await sealPrivateKey(ports.sealer, place, key);
    rows.push(row);
    versions.push({ ...facts, spec: specOf(ports, facts, key), materialId: row.materialId });
  }
  const { state } = await commands.run(by, {
    objectId,
    isNew: true,
    objectDek,
    command: { type: 'RestoreKey', name, now: toUnixSeconds(by.now), versions, rotationPolicy },
    material: { insert: rows },
  });
  return viewOfState(state);
}

/** Throws BadParameter for a key in hardware where there is none. */
function specOf({ provider }: Ports, { public: half, ...custody }: BackedUpVersion, key: SecretBytes): KeySpec {
  assertCustody(half.kty, custody, provider.hardware);
  const { hsm } = custody;
  if (half.kty !== 'oct' || hsm !== true)
    return specOfVersion({ public: half, size: 8 * key.length, ...defined({ hsm }) });
  const handle = provider.load(key, keyFormatOf({ kty: half.kty, hsm }));
  try {
    return specOfVersion({ public: half, hsm, ...defined({ size: handle.keySize }) });
  } finally {
    provider.release(handle);
  }
}
