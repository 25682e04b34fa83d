import { LocalAuthorizer } from '@coffer/access-feature';
import { LocalVaultDirectory } from '@coffer/vaults-feature';
import { createOwnerLog } from '@coffer/event-store-postgres';
import type { Database } from '@coffer/event-sourcing';
import { systemClock } from '@coffer/kernel';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { Metrics } from '@coffer/observability';
import { Hosts } from '@coffer/wire';
import type { INestApplicationContext } from '@nestjs/common';
import { announce } from './announce.js';
import { AuditThread } from './audit-thread/audit-thread.js';
import { allEnded } from './closing.js';
import type { Certificates } from './certificates.js';
import { connectionsOfAll, type Connections } from './databases.js';
import type { ServiceName } from './service-names.js';
import type { DataDirectory } from './data-directory.js';
import { firstStart } from './first-start.js';
import type { ProgramContext } from './run.js';
import { buildContainer, serve } from './serve.js';
import { requiredGroups } from './audit-ingestion.js';
import { composeAuditLog, type AuditLogService } from './services/audit-log.js';
import type { ComposedService, ServiceContext } from './services/context.js';
import { composeCryptoGateway } from './services/crypto-gateway.js';
import { composeIdentity, type IdentityService } from './services/identity.js';
import { composePolicyEngine } from './services/policy-engine.js';
import { composeVaultManagement, type VaultManagement } from './services/vault-management.js';
import { openTracing, startTelemetry } from './telemetry.js';
import { tokenVerifier } from './token-verifier.js';

const SUBSCRIPTION_READ = 'Microsoft.Resources/subscriptions/read';

export interface AllServicesContext extends ProgramContext {
  readonly directory: DataDirectory;
  readonly connections: Connections;
  readonly certificates: Certificates | undefined;
}

/** What is made last: what requests need of it is asked for when they come. */
interface Built {
  container?: INestApplicationContext;
  auditThread?: AuditThread;
}

interface AllServices {
  readonly all: readonly ComposedService[];
  readonly vaults: VaultManagement;
  readonly identity: IdentityService;
  readonly audit: AuditLogService;
}

/** Composes all services, starts what works by itself, sets up a new installation, and serves. */
export async function startServices(context: AllServicesContext): Promise<void> {
  const { config, log, closing, directory, certificates } = context;
  const hosts = new Hosts({ domain: config.domain, port: config.publicPort ?? config.port });
  const built: Built = {};
  const { all, vaults, identity, audit } = await composeAll(context, hosts, built);
  const container = await buildContainer(all, log);
  built.container = container;
  closing.add(() => container.close());
  for (const service of all) await service.startConsumers(container);
  // A feed in memory keeps nothing for who comes late: consumers first.
  for (const { core } of all) {
    await core.relay.start();
    // Before the container's consumers end, which the relay would wait for in vain.
    closing.add(() => core.relay.stop());
  }
  built.auditThread = await auditThread(context, audit);
  const metrics = new Metrics('standalone');
  const tracing = await openTracing({ config, name: 'standalone', closing });
  const ready = async () => {
    await Promise.all(all.map((service) => service.ready()));
  };
  await startTelemetry(metrics, { config, name: 'standalone', services: all, ready, closing });
  const first = await firstStart({ config, container, directory, hosts, vaults });
  await serve({
    config,
    services: all,
    container,
    hosts,
    tokens: tokenVerifier(config, hosts, identity.issuers(container)),
    authorizer: container.get(LocalAuthorizer),
    directory: vaults.directory(container),
    login: identity.login(container),
    authority: config.authority ?? `${hosts.url('login')}/adfs`,
    tenantId: directory.installation.tenantId,
    tls: certificates,
    ...(config.internalPort === undefined ? {} : { answered: metrics.answered }),
    ...(tracing === undefined ? {} : { trace: tracing.request }),
    clock: systemClock,
    log,
    closing,
  });
  await announce({ config, directory, hosts, certificates, first });
}

async function composeAll(context: AllServicesContext, hosts: Hosts, built: Readonly<Built>): Promise<AllServices> {
  const { config, closing, directory } = context;
  const contextOf = serviceContexts(context, hosts, built);
  // The crypto gateway follows the log of vault management, which needs the gateway's keys: bound when both are there.
  let vaultDatabase = (): Database => {
    throw new Error('vault management is not composed yet');
  };
  const owned = <S extends ComposedService>(service: S): S => {
    closing.add(() => service.close());
    return service;
  };
  const [crypto, policy, audit] = await allEnded([
    composeCryptoGateway({
      ...contextOf('crypto-gateway'),
      rootKeyFile: config.rootKeyFile ?? directory.rootKeyFile,
      vaultLog: () => createOwnerLog(vaultDatabase()),
      vaultDirectory: (container) => container.get(LocalVaultDirectory),
    }).then(owned),
    composePolicyEngine(contextOf('policy-engine')).then(owned),
    composeAuditLog({
      ...contextOf('audit-log'),
      auditKeyFile: config.auditKeyFile ?? directory.auditKeyFile,
    }).then(owned),
  ]);
  const [vaults, identity] = await allEnded([
    composeVaultManagement({
      ...contextOf('vault-management'),
      vaultKeys: crypto.vaultKeys('secrets'),
      canRead: async (principal, scope) => {
        const decision = await built.container?.get(LocalAuthorizer).atScope(principal, SUBSCRIPTION_READ, scope);
        return decision?.effect === 'allow';
      },
    }).then(owned),
    composeIdentity({ ...contextOf('identity'), vaultKeys: crypto.vaultKeys('identity') }).then(owned),
  ]);
  vaultDatabase = () => vaults.core.database;
  return { all: [vaults, crypto, policy, audit, identity], vaults, identity, audit };
}

async function auditThread(
  { connections, log, stop, closing }: AllServicesContext,
  { signer }: AuditLogService,
): Promise<AuditThread> {
  const thread = await AuditThread.start({ connections: connectionsOfAll(connections), signer, log, onLost: stop });
  closing.add(() => thread.close());
  return thread;
}

function serviceContexts(
  context: AllServicesContext,
  hosts: Hosts,
  built: Readonly<Built>,
): (service: ServiceName) => ServiceContext {
  const { config, log, stop, directory, connections } = context;
  const feed = createMemoryFeed({
    requiredGroups,
    onError: (err, group) => {
      log.warn({ err, group }, 'messages could not be handled and come again');
    },
  });
  return (service) => ({
    config,
    connection: connections(service),
    hosts,
    tenantId: directory.installation.tenantId,
    feed,
    clock: systemClock,
    log,
    onLost: stop,
    auditTaker: () => built.auditThread?.wake(service),
  });
}
