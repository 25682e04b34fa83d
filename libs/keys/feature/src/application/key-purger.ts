import { ObjectPurger, purgeCandidates } from '@coffer/contracts';
import { lookUp } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { destroyKey } from './key-purge.js';
import type { KeysPorts } from './ports.js';

/** Purges of keys that no caller asks for. */
export class KeyPurger extends ObjectPurger {
  constructor(ports: KeysPorts, commands: KeyCommands) {
    super(ports, {
      ...purgeCandidates(ports.database, 'key'),
      lookUp: (vaultId, name) => lookUp(ports, vaultId, name),
      destroy: (by, key) => destroyKey(ports, commands, by, key),
    });
  }
}
