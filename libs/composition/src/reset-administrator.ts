import { randomBytes } from 'node:crypto';
import { createAuditSink, createEventStore, openDatabase } from '@coffer/event-store-postgres';
import { createIdentity, principalProjection, type Administrator } from '@coffer/identity-feature';
import { systemClock } from '@coffer/kernel';
import { createSealer, Keyring } from '@coffer/keyring';
import { Hosts, Pager } from '@coffer/wire';
import type { Config } from './config/schema.js';
import { openDataDirectory } from './data-directory.js';
import { adminConnection } from './databases.js';
import { rootKeyProvider } from './root-key.js';
import { audiences } from './token-verifier.js';

/**
 * Gives the administrator a new client secret. Needs the root key and both databases, and so somebody who holds everything
 * anyway; the services may run meanwhile. Throws KeyringError for a wrong root key.
 */
export async function resetAdministrator(config: Config): Promise<Administrator & { readonly secret: string }> {
  const directory = await openDataDirectory(config.dataDir, {});
  const gateway = openDatabase({ connection: adminConnection(config, 'crypto-gateway'), max: 2 });
  const database = openDatabase({ connection: adminConnection(config, 'identity'), max: 2 });
  try {
    const rootKey = await rootKeyProvider(config.rootPassphraseFile, config.rootKeyFile ?? directory.rootKeyFile);
    const keyring = await Keyring.open({ database: gateway, rootKey, clock: systemClock });
    const hosts = new Hosts({ domain: config.domain, port: config.publicPort ?? config.port });
    const { administration } = createIdentity({
      database,
      store: createEventStore({ database, projections: [principalProjection] }),
      sealer: createSealer(keyring.source('identity')),
      clock: systemClock,
      pager: new Pager(randomBytes(32)),
      audit: createAuditSink({ database }),
      loginUrl: hosts.url('login'),
      tenantId: directory.installation.tenantId,
      audiences: audiences(hosts),
      region: config.region,
    });
    return await administration.resetAdministrator();
  } finally {
    await gateway.close();
    await database.close();
  }
}
