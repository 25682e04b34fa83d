import { retryConflicts } from '@coffer/event-sourcing';
import { newObjectVersion, toUnixSeconds } from '@coffer/kernel';
import { isRotationDue, keyNotFound, specOfVersion, type KeyState } from '@coffer/keys-domain';
import type { Commander } from '@coffer/wire';
import { activeKey } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { viewOfState, type KeyView } from './key-view.js';
import { sealPrivateKey } from './material.js';
import type { Announce } from './new-version.js';
import type { KeysPorts } from './ports.js';

type Ports = Pick<KeysPorts, 'database' | 'sealer' | 'provider' | 'clock'>;

/**
 * A new version like the latest one, with a key of its own and the lifetime that the rotation policy gives. Throws KeyNotFound,
 * Throttled, Conflict.
 */
export async function keyRotate(
  ports: Ports,
  commands: KeyCommands,
  by: Commander,
  name: string,
  announce: Announce,
): Promise<KeyView> {
  return viewOfState(await rotate(ports, commands, by, name, false, announce));
}

/** Rotates a key when its policy says so at `by.now`, once however many try; whether it has. Throws as `keyRotate`. */
export async function keyRotateIfDue(
  ports: Ports,
  commands: KeyCommands,
  by: Commander,
  name: string,
  announce: Announce,
): Promise<boolean> {
  let announced: string | undefined;
  const state = await rotate(ports, commands, by, name, true, (version) => {
    announced = version;
    announce(version);
  });
  return state.status === 'active' && state.latest === announced;
}

function rotate(
  ports: Ports,
  commands: KeyCommands,
  by: Commander,
  name: string,
  scheduled: boolean,
  announce: Announce,
): Promise<KeyState> {
  return retryConflicts(async () => {
    const { objectId, objectDek } = await activeKey(ports, by.vaultId, name);
    const before = await commands.load(objectId, objectDek);
    const latest = before.status === 'active' ? before.versions.get(before.latest) : undefined;
    if (latest === undefined) throw keyNotFound(name);
    if (scheduled && !isRotationDue(before, toUnixSeconds(by.now))) return before;
    const made = await ports.provider.generate(specOfVersion(latest));
    try {
      const now = toUnixSeconds(ports.clock.now());
      const version = newObjectVersion();
      announce(version);
      const row = await sealPrivateKey(ports.sealer, { vaultId: by.vaultId, objectId, version }, made.privateKey);
      const { spec, public: half } = made;
      const { state } = await commands.run(by, {
        objectId,
        objectDek,
        command: { type: 'RotateKey', name, now, version, spec, public: half, materialId: row.materialId, scheduled },
        material: { insert: [row] },
      });
      return state;
    } finally {
      made.privateKey.destroy();
    }
  });
}
