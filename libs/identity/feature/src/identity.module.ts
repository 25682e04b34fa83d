import { Module, type DynamicModule } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import { IdentityAdministration } from './application/administration.js';
import { ClientSecrets } from './application/client-secrets.js';
import { ManagedIdentity } from './application/managed-identity.js';
import type { IdentityPorts } from './application/ports.js';
import { principalCommands } from './application/principal-commands.js';
import { SigningKeys } from './application/signing-keys.js';
import { createLoginHandler, type LoginHandler } from './http/login-handler.js';
import { PrincipalsController } from './http/principals-controller.js';
import { authorities, Issuer } from './oidc/issuer.js';

/** The issuer as verifiers in the same process see it. */
export interface LocalIssuer {
  /** `iss` values of its tokens. */
  readonly issuers: readonly string[];
  readonly tenantId: string;
  jwks(options: { readonly refresh: boolean }): Promise<JSONWebKeySet>;
  onRotation(listener: () => void): void;
}

/** Sign-in: the login host's handler, and the issuer behind it. */
export class SignIn implements LocalIssuer {
  readonly issuers: readonly string[];
  readonly tenantId: string;

  constructor(
    readonly handler: LoginHandler,
    private readonly keys: SigningKeys,
    ports: IdentityPorts,
  ) {
    const { adfs, tenant } = authorities(ports);
    this.issuers = [adfs.issuer, tenant.issuer];
    this.tenantId = ports.tenantId;
  }

  async jwks(options: { readonly refresh: boolean }): Promise<JSONWebKeySet> {
    return (await this.keys.get(options)).published;
  }

  onRotation(listener: () => void): void {
    this.keys.onRotation(listener);
  }
}

/** The parts of the feature, wired; without a framework, so that tests can hold them too. */
export function createIdentity(ports: IdentityPorts): {
  readonly controller: PrincipalsController;
  readonly signIn: SignIn;
  readonly administration: IdentityAdministration;
} {
  const commands = principalCommands(ports.store);
  const secrets = new ClientSecrets(ports.sealer, ports.clock);
  const keys = new SigningKeys(ports);
  const issuer = new Issuer(ports, keys, secrets);
  const handler = createLoginHandler(ports, issuer, new ManagedIdentity(ports, issuer, secrets));
  return {
    controller: new PrincipalsController(ports, commands),
    signIn: new SignIn(handler, keys, ports),
    administration: new IdentityAdministration(ports, commands, secrets),
  };
}

/** Identity: service principals and the built-in issuer. */
@Module({})
export class IdentityModule {
  static for(ports: IdentityPorts): DynamicModule {
    const { controller, signIn, administration } = createIdentity(ports);
    return {
      module: IdentityModule,
      providers: [
        { provide: PrincipalsController, useValue: controller },
        { provide: SignIn, useValue: signIn },
        { provide: IdentityAdministration, useValue: administration },
      ],
      exports: [PrincipalsController, SignIn, IdentityAdministration],
    };
  }
}
