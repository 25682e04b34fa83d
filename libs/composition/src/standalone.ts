import { startEmbeddedPostgres } from '@coffer/embedded-postgres';
import { createOwnerLog } from '@coffer/event-store-postgres';
import { systemClock } from '@coffer/kernel';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { requiredGroups } from './service.js';
import type { Logger } from '@coffer/nest';
import { Hosts } from '@coffer/wire';
import { LocalAuthorizer } from '@coffer/access-feature';
import type { Database } from '@coffer/event-sourcing';
import type { INestApplicationContext } from '@nestjs/common';
import type pg from 'pg';
import type { Config } from './config/schema.js';
import { configuredUrl, embeddedConnection, missingUrls, provisionEmbedded, type ServiceName } from './databases.js';
import { ConfigError } from './config/load.js';
import { openDataDirectory, type DataDirectory } from './data-directory.js';
import { dev } from './dev.js';
import { firstStart } from './first-start.js';
import { certificateFiles } from './certificates.js';
import { announce } from './announce.js';
import { Pressure } from './pressure.js';
import type { ProgramContext } from './run.js';
import { buildContainer, serve } from './serve.js';
import { composeAuditLog } from './services/audit-log.js';
import type { ServiceContext } from './services/context.js';
import { composeCryptoGateway } from './services/crypto-gateway.js';
import { composeIdentity } from './services/identity.js';
import { composePolicyEngine } from './services/policy-engine.js';
import { composeVaultManagement } from './services/vault-management.js';
import { tokenVerifier } from './token-verifier.js';

const SUBSCRIPTION_READ = 'Microsoft.Resources/subscriptions/read';

type Connections = (service: ServiceName) => pg.ClientConfig;

/** All services in one process: calls between them are function calls, messages go through memory. */
export async function startStandalone({ config, log, closing, stop }: ProgramContext): Promise<void> {
  const problem = missingUrls(config);
  if (problem !== undefined) throw new ConfigError([problem]);
  const directory = await openDataDirectory(config.dataDir, fixedInstallation(config));
  const certificates = certificateFiles(config, directory);
  certificates.catch(() => undefined); // awaited below; a failure before that must not count as unhandled
  const connections = await databases(config, directory, log, closing);
  const pressure = new Pressure();
  closing.add(() => {
    pressure.close();
    return Promise.resolve();
  });
  const hosts = new Hosts({ domain: config.domain, port: config.publicPort ?? config.port });
  const contextOf = (service: ServiceName): ServiceContext => ({
    config,
    connection: connections(service),
    hosts,
    tenantId: directory.installation.tenantId,
    feed,
    clock: systemClock,
    log,
    onLost: stop,
    auditMayWait: pressure.mayWait,
  });
  const feed = createMemoryFeed({
    requiredGroups,
    onError: (err, group) => {
      log.warn({ err, group }, 'messages could not be handled and come again');
    },
  });
  // The crypto gateway follows the log of vault management, which needs the gateway's keys: bound when both are there.
  let vaultDatabase = (): Database => {
    throw new Error('vault management is not composed yet');
  };
  const [crypto, policy, audit] = await Promise.all([
    composeCryptoGateway({
      ...contextOf('crypto-gateway'),
      rootKeyFile: config.rootKeyFile ?? directory.rootKeyFile,
      vaultLog: () => createOwnerLog(vaultDatabase()),
    }),
    composePolicyEngine(contextOf('policy-engine')),
    composeAuditLog(contextOf('audit-log')),
  ]);
  const [vaults, identity] = await Promise.all([
    composeVaultManagement({
      ...contextOf('vault-management'),
      vaultKeys: crypto.vaultKeys('secrets'),
      canRead: async (principal, scope) => {
        const decision = await container.get(LocalAuthorizer).atScope(principal, SUBSCRIPTION_READ, scope);
        return decision.effect === 'allow';
      },
    }),
    composeIdentity({ ...contextOf('identity'), vaultKeys: crypto.vaultKeys('identity') }),
  ]);
  const services = [vaults, crypto, policy, audit, identity];
  vaultDatabase = () => vaults.core.database;
  for (const service of services) closing.add(() => service.close());
  const container: INestApplicationContext = await buildContainer(services, log);
  closing.add(() => container.close());
  for (const service of services) await service.startConsumers(container);
  // A feed in memory keeps nothing for who comes late: consumers first.
  for (const service of services) {
    await service.core.relay.start();
    // Before the container's consumers end, which the relay would wait for in vain.
    closing.add(() => service.core.relay.stop());
  }
  const first = await firstStart({ config, container, directory, hosts, vaults });
  await serve({
    config,
    services,
    container,
    hosts,
    tokens: tokenVerifier(config, hosts, identity.issuers(container)),
    authorizer: container.get(LocalAuthorizer),
    directory: vaults.directory(container),
    login: identity.login(container),
    authority: config.authority ?? `${hosts.url('login')}/adfs`,
    tenantId: directory.installation.tenantId,
    tls: await certificates,
    clock: systemClock,
    log,
    closing,
  });
  await announce({ config, directory, hosts, certificates: await certificates, first });
}

function fixedInstallation(config: Config) {
  if (config.dev) return dev.installation;
  return config.tenantId === undefined ? {} : { tenantId: config.tenantId };
}

/** Connections to the operator's servers, or to an embedded one that is started here. */
async function databases(
  config: Config,
  directory: DataDirectory,
  log: Logger,
  closing: ProgramContext['closing'],
): Promise<Connections> {
  if (config.databaseUrlVaults !== undefined) {
    return (service) => ({ connectionString: configuredUrl(config, service) });
  }
  const server = await startEmbeddedPostgres({
    directory: directory.postgres,
    log: (line) => {
      log.debug({ service: 'postgres' }, line);
    },
  });
  closing.add(() => server.stop());
  await provisionEmbedded(server);
  return (service) => embeddedConnection(server.host, service);
}
