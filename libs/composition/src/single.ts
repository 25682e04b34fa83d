import { systemClock } from '@coffer/kernel';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { requiredGroups } from './service.js';
import type { Authorizer, VaultDirectory } from '@coffer/contracts';
import { Hosts } from '@coffer/wire';
import { certificateFiles } from './certificates.js';
import { ConfigError } from './config/load.js';
import { openDataDirectory } from './data-directory.js';
import { configuredUrl, type ServiceName } from './databases.js';
import { unreachable } from './remote.js';
import type { ProgramContext } from './run.js';
import { buildContainer, serve } from './serve.js';
import { composeAuditLog } from './services/audit-log.js';
import type { ComposedService, ServiceContext } from './services/context.js';
import { composeCryptoGateway } from './services/crypto-gateway.js';
import { composeIdentity, type IdentityService } from './services/identity.js';
import { composePolicyEngine } from './services/policy-engine.js';
import { composeVaultManagement } from './services/vault-management.js';
import { tokenVerifier } from './token-verifier.js';
import { LocalAuthorizer } from '@coffer/access-feature';
import { LocalVaultDirectory } from '@coffer/vaults-feature';
import type { INestApplicationContext } from '@nestjs/common';

type Compose = (context: ServiceContext & { readonly rootKeyFile: string }) => Promise<ComposedService>;

const compose: Readonly<Record<ServiceName, Compose>> = {
  'vault-management': (context) =>
    composeVaultManagement({
      ...context,
      vaultKeys: unreachable.vaultKeys(),
      canRead: async (principal, scope) =>
        (await unreachable.authorizer().atScope(principal, 'Microsoft.Resources/subscriptions/read', scope)).effect ===
        'allow',
    }),
  'crypto-gateway': (context) => composeCryptoGateway({ ...context, vaultLog: () => unreachable.ownerLog() }),
  'policy-engine': (context) => composePolicyEngine(context),
  'audit-log': (context) => composeAuditLog(context),
  identity: (context) => composeIdentity({ ...context, vaultKeys: unreachable.vaultKeys() }),
};

/** One service in a process of its own, on a database of its own; the others are out of reach until the transport is there. */
export async function startSingle(name: ServiceName, { config, log, closing, stop }: ProgramContext): Promise<void> {
  const url = configuredUrl(config, name);
  if (url === undefined) throw new ConfigError([`The database URL of ${name} is not set.`]);
  const directory = await openDataDirectory(config.dataDir, {
    ...(config.tenantId === undefined ? {} : { tenantId: config.tenantId }),
  });
  const hosts = new Hosts({ domain: config.domain, port: config.publicPort ?? config.port });
  const { tenantId } = directory.installation;
  const feed = createMemoryFeed({ requiredGroups });
  const service = await compose[name]({
    config,
    connection: { connectionString: url },
    hosts,
    tenantId,
    feed,
    clock: systemClock,
    log,
    onLost: stop,
    rootKeyFile: config.rootKeyFile ?? directory.rootKeyFile,
  });
  closing.add(() => service.close());
  const container = await buildContainer([service], log);
  closing.add(() => container.close());
  await serve({
    config,
    services: [service],
    container,
    hosts,
    ...localPorts(name, service, container),
    tokens: tokenVerifier(config, hosts, isIdentity(service) ? service.issuers(container) : []),
    authority: config.authority ?? `${hosts.url('login')}/adfs`,
    tenantId,
    tls: await certificateFiles(config, directory),
    clock: systemClock,
    log,
    closing,
  });
  process.stdout.write(`Coffer is ready: ${name} on port ${config.port}\n`);
}

/** Ports that the service itself provides are bound to it; the others are out of reach. */
function localPorts(name: ServiceName, service: ComposedService, container: INestApplicationContext) {
  const directory: VaultDirectory =
    name === 'vault-management' ? container.get(LocalVaultDirectory) : unreachable.directory();
  const authorizer: Authorizer = name === 'policy-engine' ? container.get(LocalAuthorizer) : unreachable.authorizer();
  return isIdentity(service) ? { directory, authorizer, login: service.login(container) } : { directory, authorizer };
}

function isIdentity(service: ComposedService): service is IdentityService {
  return 'issuers' in service;
}
