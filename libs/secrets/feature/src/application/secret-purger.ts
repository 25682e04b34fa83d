import { ObjectPurger } from '@coffer/contracts';
import { secretsDue, secretsOfVault } from '../postgres/secrets-to-purge.js';
import { lookUp } from './find-name.js';
import type { SecretCommands } from './secret-commands.js';
import { destroySecret } from './secret-purge.js';
import type { SecretsPorts } from './ports.js';

/** Purges of secrets that no caller asks for. */
export class SecretPurger extends ObjectPurger {
  constructor(ports: SecretsPorts, commands: SecretCommands) {
    const { database } = ports;
    super(ports, {
      ofVault: (vaultId, after, limit) => secretsOfVault(database, vaultId, after, limit),
      due: (now, after, limit) => secretsDue(database, now, after, limit),
      lookUp: (vaultId, name) => lookUp(ports, vaultId, name),
      destroy: (by, secret) => destroySecret(ports, commands, by, secret),
    });
  }
}
