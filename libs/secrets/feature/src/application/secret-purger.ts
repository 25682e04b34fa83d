import { ObjectPurger, purgeCandidates } from '@coffer/contracts';
import { lookUp } from './find-name.js';
import type { SecretCommands } from './secret-commands.js';
import { destroySecret } from './secret-purge.js';
import type { SecretsPorts } from './ports.js';

/** Purges of secrets that no caller asks for. */
export class SecretPurger extends ObjectPurger {
  constructor(ports: SecretsPorts, commands: SecretCommands) {
    super(ports, {
      ...purgeCandidates(ports.database, 'secret'),
      lookUp: (vaultId, name) => lookUp(ports, vaultId, name),
      destroy: (by, secret) => destroySecret(ports, commands, by, secret),
    });
  }
}
