import { openDatabase } from '@coffer/event-store-postgres';
import { systemClock } from '@coffer/kernel';
import { createSealer, Keyring } from '@coffer/keyring';
import { ReleaseKeys } from '@coffer/keys-feature';
import type { Config } from './config/schema.js';
import { openDataDirectory } from './data-directory.js';
import { adminConnection } from './databases.js';
import { rootKeyProvider } from './root-key.js';

const MAX_DAYS = 365;

/**
 * Has a new key sign the answers of release in so many days (decimal). Needs the root key; the services may run meanwhile.
 * Throws KeyringError for a wrong root key, Error for other days, and before the first release.
 */
export async function rotateReleaseKey(config: Config, afterDays: string): Promise<void> {
  const days = /^\d{1,3}$/.test(afterDays) ? Number(afterDays) : NaN;
  if (!(days <= MAX_DAYS)) throw new Error(`--after-days must be a number from 0 to ${MAX_DAYS}.`);
  const directory = await openDataDirectory(config.dataDir, {});
  const database = openDatabase({ connection: adminConnection(config, 'crypto-gateway'), max: 2 });
  try {
    const rootKey = await rootKeyProvider(config.rootPassphraseFile, config.rootKeyFile ?? directory.rootKeyFile);
    const keyring = await Keyring.open({ database, rootKey, clock: systemClock });
    try {
      const keys = new ReleaseKeys({ database, sealer: createSealer(keyring.source('keys')), clock: systemClock });
      if (!(await keys.rotate(days * 86_400))) {
        throw new Error('No key has been released yet: the first release makes the key that signs.');
      }
    } finally {
      keyring.close();
    }
  } finally {
    await database.close();
  }
}
