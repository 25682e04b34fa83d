import { createPolicyOwner, LocalAuthorizer, RemoteAuthorizer } from '@coffer/access-feature';
import type { Authorizer, ChangeHub, VaultDirectory } from '@coffer/contracts';
import { createOwnerLog } from '@coffer/event-store-postgres';
import {
  ownerLogBinding,
  policyBinding,
  remoteOwnerLog,
  remotePolicy,
  remoteSigningKeys,
  remoteVaultDirectory,
  remoteVaultKeys,
  signingKeysBinding,
  vaultDirectoryBinding,
  vaultKeysBinding,
  type GrpcBinding,
} from '@coffer/grpc';
import type { RawHandler } from '@coffer/nest';
import type { JwksSource, TrustedIssuer } from '@coffer/token-verifier';
import { createDirectoryOwner, LocalVaultDirectory, RemoteVaultDirectory } from '@coffer/vaults-feature';
import type { INestApplicationContext } from '@nestjs/common';
import type { Closing } from '../closing.js';
import type { ServiceName } from '../service-names.js';
import { composeAuditLog } from '../services/audit-log.js';
import type { ComposedService, ServiceContext } from '../services/context.js';
import { composeCryptoGateway } from '../services/crypto-gateway.js';
import { composeIdentity } from '../services/identity.js';
import { composePolicyEngine } from '../services/policy-engine.js';
import { composeVaultManagement } from '../services/vault-management.js';
import { builtInIssuers } from '../token-verifier.js';
import { pureAuthorizer } from './pure-authorizer.js';
import type { Peers } from './context.js';

export interface WiringContext extends ServiceContext {
  readonly rootKeyFile: string;
  readonly auditKeyFile: string;
  readonly peers: Peers;
  readonly closing: Closing;
  /** Takes the leases on what others have, by their names. */
  readonly held: Map<ServiceName, { remaining(): number }>;
}

/** A service with what it has of the others, and what the others have of it. */
export interface Wired {
  readonly service: ComposedService;
  readonly authorizer: (container: INestApplicationContext) => Authorizer;
  readonly directory?: (container: INestApplicationContext) => VaultDirectory;
  readonly login?: (container: INestApplicationContext) => RawHandler;
  /** The built-in issuer as this process trusts it. */
  readonly issuers: (container: INestApplicationContext) => readonly TrustedIssuer[];
  readonly bindings: (container: INestApplicationContext) => readonly GrpcBinding[];
}

const SUBSCRIPTION_READ = 'Microsoft.Resources/subscriptions/read';

/** How each service is put together in a process of its own. */
export const wiring: Readonly<Record<ServiceName, (context: WiringContext) => Promise<Wired>>> = {
  'vault-management': wireVaultManagement,
  'crypto-gateway': wireCryptoGateway,
  'policy-engine': wirePolicyEngine,
  'audit-log': wireAuditLog,
  identity: wireIdentity,
};

async function wireVaultManagement(context: WiringContext): Promise<Wired> {
  const authorizer = remoteAuthorizer(context);
  const service = await composeVaultManagement({
    ...context,
    vaultKeys: remoteVaultKeys(context.peers.to('crypto-gateway'), 'secrets'),
    canRead: async (principal, scope) =>
      (await authorizer.atScope(principal, SUBSCRIPTION_READ, scope)).effect === 'allow',
  });
  const { database } = service.core;
  return {
    service,
    authorizer: () => authorizer,
    directory: (container) => container.get(LocalVaultDirectory),
    issuers: remoteIssuers(context),
    bindings: () => [
      vaultDirectoryBinding(createDirectoryOwner(database, hubOf(service)), ['crypto-gateway']),
      ownerLogBinding(createOwnerLog(database), ['crypto-gateway']),
    ],
  };
}

async function wireCryptoGateway(context: WiringContext): Promise<Wired> {
  const vaults = context.peers.to('vault-management');
  const directory = new RemoteVaultDirectory({
    source: remoteVaultDirectory(vaults),
    clock: context.clock,
    onError: leaseLost(context, 'vault-management'),
  });
  hold(context, 'vault-management', directory.lease);
  const service = await composeCryptoGateway({
    ...context,
    vaultLog: () => remoteOwnerLog(vaults),
    vaultDirectory: () => directory,
  });
  return {
    service,
    // Vaults decide by their own access policies: the hot path depends on nobody but their owner.
    authorizer: () => pureAuthorizer,
    directory: () => directory,
    issuers: remoteIssuers(context),
    bindings: () => [
      vaultKeysBinding({ secrets: service.vaultKeys('secrets'), identity: service.vaultKeys('identity') }),
    ],
  };
}

async function wirePolicyEngine(context: WiringContext): Promise<Wired> {
  const service = await composePolicyEngine(context);
  return {
    service,
    authorizer: (container) => container.get(LocalAuthorizer),
    issuers: remoteIssuers(context),
    bindings: () => [
      policyBinding(createPolicyOwner(service.core.database, hubOf(service)), [
        'vault-management',
        'audit-log',
        'identity',
      ]),
    ],
  };
}

async function wireAuditLog(context: WiringContext): Promise<Wired> {
  const authorizer = remoteAuthorizer(context);
  const service = await composeAuditLog(context);
  return { service, authorizer: () => authorizer, issuers: remoteIssuers(context), bindings: () => [] };
}

async function wireIdentity(context: WiringContext): Promise<Wired> {
  const authorizer = remoteAuthorizer(context);
  const service = await composeIdentity({
    ...context,
    vaultKeys: remoteVaultKeys(context.peers.to('crypto-gateway'), 'identity'),
  });
  return {
    service,
    authorizer: () => authorizer,
    login: service.login,
    issuers: service.issuers,
    bindings: (container) => [
      signingKeysBinding(service.publishedKeys(container), [
        'vault-management',
        'crypto-gateway',
        'policy-engine',
        'audit-log',
      ]),
    ],
  };
}

function remoteAuthorizer(context: WiringContext): RemoteAuthorizer {
  const authorizer = new RemoteAuthorizer({
    source: remotePolicy(context.peers.to('policy-engine')),
    clock: context.clock,
    onError: leaseLost(context, 'policy-engine'),
  });
  hold(context, 'policy-engine', authorizer.lease);
  return authorizer;
}

function remoteIssuers(context: WiringContext): Wired['issuers'] {
  const jwks: JwksSource = remoteSigningKeys(context.peers.to('identity'));
  return () => builtInIssuers(context.hosts, context.tenantId, jwks);
}

function hold(
  { closing, held }: WiringContext,
  owner: ServiceName,
  lease: { start(): void; close(): Promise<void>; remaining(): number },
): void {
  lease.start();
  held.set(owner, lease);
  closing.add(() => lease.close());
}

/** Said once for an outage, however often the stream is tried again meanwhile. */
const QUIET_MS = 10_000;

function leaseLost({ log }: WiringContext, owner: ServiceName): (error: unknown) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    const now = performance.now();
    const level = now - saidAt < QUIET_MS ? 'debug' : 'warn';
    if (level === 'warn') saidAt = now;
    const reason = error instanceof Error ? error.message : String(error);
    log[level]({ owner, reason }, 'the lease stream has ended and is opened again');
  };
}

function hubOf({ core }: ComposedService): ChangeHub {
  if (core.hub === undefined) throw new Error('a service of its own process shares its database');
  return core.hub;
}
