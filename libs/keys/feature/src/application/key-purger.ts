import { ObjectPurger } from '@coffer/contracts';
import { keysDue, keysOfVault } from '../postgres/keys-to-purge.js';
import { lookUp } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { destroyKey } from './key-purge.js';
import type { KeysPorts } from './ports.js';

/** Purges of keys that no caller asks for. */
export class KeyPurger extends ObjectPurger {
  constructor(ports: KeysPorts, commands: KeyCommands) {
    const { database } = ports;
    super(ports, {
      ofVault: (vaultId, after, limit) => keysOfVault(database, vaultId, after, limit),
      due: (now, after, limit) => keysDue(database, now, after, limit),
      lookUp: (vaultId, name) => lookUp(ports, vaultId, name),
      destroy: (by, key) => destroyKey(ports, commands, by, key),
    });
  }
}
