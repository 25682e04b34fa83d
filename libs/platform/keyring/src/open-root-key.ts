import type { Database } from '@coffer/event-sourcing';
import { isCofferError, type Clock } from '@coffer/kernel';
import { aadOf } from './aad.js';
import { KeyringError } from './errors.js';
import { insertRootCheck, lockRootCheck, selectRootCheck, type RootCheckRow } from './postgres/root-check.js';
import type { RootKey, RootKeyProvider } from './root-key/root-key.js';

const CHECK_AAD = aadOf('coffer/root-check/1');
const CHECK_VALUE = Buffer.from('coffer root key', 'utf8');

/**
 * The root key, proven to be the one that the database was set up with; sets up a database that is new. Throws
 * KeyringError. Processes that set up the same database at the same time agree on one root key, or fail.
 */
export async function openRootKey(database: Database, provider: RootKeyProvider, clock: Clock): Promise<RootKey> {
  const known = await selectRootCheck(database);
  if (known !== undefined) return open(known, provider);
  return database.transaction(async (client) => {
    await lockRootCheck(client);
    const others = await selectRootCheck(client);
    if (others !== undefined) return open(others, provider);
    const { rootKey, parameters } = await provider.create();
    const row = {
      parameters: { ...parameters, kind: provider.kind },
      check_value: await rootKey.wrap(CHECK_VALUE, CHECK_AAD),
    };
    await insertRootCheck(client, row, new Date(clock.now()));
    return rootKey;
  });
}

async function open({ parameters, check_value: value }: RootCheckRow, provider: RootKeyProvider): Promise<RootKey> {
  const kind = String(parameters['kind']);
  if (kind !== provider.kind) {
    throw new KeyringError(
      'other-kind-of-root-key',
      `The database was set up with a root key of kind '${kind}', but a root key of kind '${provider.kind}' is configured.`,
    );
  }
  const rootKey = await provider.open(parameters);
  try {
    const found = await rootKey.unwrap(value, CHECK_AAD);
    if (found.expose().equals(CHECK_VALUE)) return rootKey;
  } catch (error) {
    if (!isCofferError(error, 'Internal')) throw error;
  }
  throw new KeyringError(
    'wrong-root-key',
    `The root key (${provider.kind}) is not the one that the database was set up with: configure that one, or restore the database that belongs to this one.`,
  );
}
