import path from 'node:path';
import { defaultDataDirectory, type EmbeddedPostgres } from '@coffer/embedded-postgres';
import { provisionServices } from '@coffer/event-store-postgres';
import type pg from 'pg';
import type { Config } from './config/schema.js';
import { serviceNames, type ServiceName } from './service-names.js';

/** Role and database of a service on the embedded server; on a server of the operator's they are the URL's. */
const embedded: Readonly<Record<ServiceName, string>> = {
  'vault-management': 'coffer_vault_management',
  'crypto-gateway': 'coffer_crypto_gateway',
  'policy-engine': 'coffer_policy_engine',
  'audit-log': 'coffer_audit_log',
  identity: 'coffer_identity',
};

/** How the database of each service is reached. */
export type Connections = (service: ServiceName) => pg.ClientConfig;

/** Those of every service, by its name. */
export function connectionsOfAll(connections: Connections): Readonly<Record<ServiceName, pg.ClientConfig>> {
  return {
    'vault-management': connections('vault-management'),
    'crypto-gateway': connections('crypto-gateway'),
    'policy-engine': connections('policy-engine'),
    'audit-log': connections('audit-log'),
    identity: connections('identity'),
  };
}

/** Connection of a service on the embedded server whose socket is in `host`. */
export function embeddedConnection(host: string, service: ServiceName): pg.ClientConfig {
  return { host, user: embedded[service], database: embedded[service] };
}

/** Makes the roles and databases of all services on the embedded server. */
export async function provisionEmbedded(server: Pick<EmbeddedPostgres, 'host' | 'user'>): Promise<void> {
  const services = serviceNames.map((name) => ({ role: embedded[name], database: embedded[name] }));
  await provisionServices({ host: server.host, user: server.user, database: 'postgres' }, services);
}

/** The URL that the configuration gives a service. */
export function configuredUrl(config: Config, service: ServiceName): string | undefined {
  const urls: Readonly<Record<ServiceName, string | undefined>> = {
    'vault-management': config.databaseUrlVaults,
    'crypto-gateway': config.databaseUrlKeys,
    'policy-engine': config.databaseUrlPolicy,
    'audit-log': config.databaseUrlAudit,
    identity: config.databaseUrlIdentity,
  };
  return urls[service];
}

/** What is wrong with the URLs that the standalone app was given; undefined for all of them or none. */
export function missingUrls(config: Config): string | undefined {
  const missing = serviceNames.filter((name) => configuredUrl(config, name) === undefined);
  if (missing.length === 0 || missing.length === serviceNames.length) return undefined;
  return `Set the database URLs of all services, or none. Missing: ${missing.join(', ')}.`;
}

/** How a tool reaches the database of a service: at its URL, or on the socket of the embedded server, which must be running. */
export function adminConnection(config: Config, service: ServiceName): pg.ClientConfig {
  const url = configuredUrl(config, service);
  if (url !== undefined) return { connectionString: url };
  return embeddedConnection(path.join(config.dataDir ?? defaultDataDirectory(), 'postgres'), service);
}
