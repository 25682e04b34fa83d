import { newIncarnation } from '@coffer/contracts';
import type { MaterialRow } from '@coffer/event-sourcing';
import { nameIsSoftDeleted, nameIsTaken, toUnixSeconds, type SecretBytes } from '@coffer/kernel';
import { specOfVersion, type RestoredVersion } from '@coffer/keys-domain';
import { nameKey, type Commander, type VaultSnapshot } from '@coffer/wire';
import { findKey } from '../postgres/find-key.js';
import { openBackup, type Backup } from './backup-blob.js';
import type { KeyCommands } from './key-commands.js';
import { viewOfState, type KeyView } from './key-view.js';
import { sealPrivateKey } from './material.js';
import type { KeysPorts } from './ports.js';

/**
 * Makes the key of a backup again, with its name and the ids, attributes and tags of all its versions. `announce` hears the
 * name before anything is stored. Throws BadParameter for what is no backup of here, Conflict when the name is taken,
 * ObjectIsDeletedButRecoverable.
 */
export async function keyRestore(
  ports: KeysPorts,
  commands: KeyCommands,
  by: Commander,
  vault: VaultSnapshot,
  blob: Buffer,
  announce: (name: string) => void,
): Promise<KeyView> {
  const backup = await openBackup(ports.backups, vault, blob);
  try {
    announce(backup.name);
    const held = await findKey(ports.database, vault.vaultId, nameKey(backup.name));
    if (held !== undefined)
      throw held.deleted ? nameIsSoftDeleted('key', backup.name) : nameIsTaken('key', backup.name);
    return await restore(ports, commands, by, backup);
  } finally {
    for (const key of backup.privateKeys) key.destroy();
  }
}

async function restore(ports: KeysPorts, commands: KeyCommands, by: Commander, backup: Backup): Promise<KeyView> {
  const { name, rotationPolicy } = backup;
  const { objectId, objectDek, newRows } = await newIncarnation(ports.sealer, by.vaultId);
  const rows: MaterialRow[] = [...newRows];
  const versions: RestoredVersion[] = [];
  for (const [index, facts] of backup.versions.entries()) {
    const key = backup.privateKeys[index] as SecretBytes;
    const place = { vaultId: by.vaultId, objectId, version: facts.version };
    const row = await sealPrivateKey(ports.sealer, place, key);
    rows.push(row);
    versions.push({
      ...facts,
      spec: specOfVersion({ public: facts.public, size: 8 * key.length }),
      materialId: row.materialId,
    });
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
