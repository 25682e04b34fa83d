import type { VaultKeySource } from '@coffer/contracts';
import {
  IdentityModule,
  identityMigrations,
  principalProjection,
  PrincipalsController,
  SignIn,
} from '@coffer/identity-feature';
import { createSealer } from '@coffer/keyring';
import { surface, type RawHandler } from '@coffer/nest';
import type { JwksSource, TrustedIssuer } from '@coffer/token-verifier';
import { principalOperations } from '@coffer/wire';
import type { INestApplicationContext } from '@nestjs/common';
import { openService } from '../service.js';
import { audiences } from '../token-verifier.js';
import { readiness, type ComposedService, type ServiceContext } from './context.js';

export const IDENTITY = 'identity';

export interface IdentityService extends ComposedService {
  /** Everything of the login host that is in no operation table. */
  readonly login: (container: INestApplicationContext) => RawHandler;
  /** Its public keys, for verifiers in other processes. */
  readonly publishedKeys: (container: INestApplicationContext) => JwksSource;
  /** The built-in issuer as the token verifier of the same process trusts it. */
  readonly issuers: (container: INestApplicationContext) => readonly TrustedIssuer[];
}

/** Service principals, and the built-in OIDC issuer. */
export async function composeIdentity(
  context: ServiceContext & { readonly vaultKeys: VaultKeySource },
): Promise<IdentityService> {
  const { clock, config, hosts, tenantId } = context;
  const core = await openService({
    ...context,
    name: IDENTITY,
    migrations: [identityMigrations],
    projections: [principalProjection],
  });
  const module = IdentityModule.for({
    ...core,
    clock,
    sealer: createSealer(context.vaultKeys),
    loginUrl: hosts.url('login'),
    tenantId,
    audiences: audiences(hosts),
    region: config.region,
  });
  return {
    core,
    modules: [module],
    surfaces: (container) => [
      surface(IDENTITY, principalOperations, container.get(PrincipalsController).handlers, core.audit),
    ],
    login: (container) => container.get(SignIn).handler,
    publishedKeys: (container) => {
      const signIn = container.get(SignIn);
      return (options) => signIn.jwks(options);
    },
    issuers: (container) => {
      const signIn = container.get(SignIn);
      return signIn.issuers.map((issuer) => ({
        issuer,
        tenantId,
        jwks: (options) => signIn.jwks(options),
        onRotation: (listener) => {
          signIn.onRotation(listener);
        },
      }));
    },
    startConsumers: () => Promise.resolve(),
    ready: readiness(core),
    close: () => core.close(),
  };
}
