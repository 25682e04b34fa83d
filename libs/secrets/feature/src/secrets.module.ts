import { Module, type DynamicModule } from '@nestjs/common';
import type { SecretsPorts } from './application/ports.js';
import { createSecretCache } from './application/sealed-secret.js';
import { createSecretCommands } from './application/secret-commands.js';
import { SecretPurger } from './application/secret-purger.js';
import { SecretsController } from './http/secrets-controller.js';

/** The parts of the feature, wired; without a framework, so that tests can hold them too. */
export function createSecrets(ports: SecretsPorts): {
  readonly controller: SecretsController;
  readonly purger: SecretPurger;
} {
  const commands = createSecretCommands(ports.store);
  const cache = createSecretCache(ports);
  ports.store.onAppend((vaultId, streamIds) => {
    cache.invalidate(vaultId, streamIds);
  });
  const controller = new SecretsController(ports, commands, cache);
  return { controller, purger: new SecretPurger(ports, commands) };
}

/** Secrets: the aggregate, its read models and `/secrets` of the vault hosts. */
@Module({})
export class SecretsModule {
  static for(ports: SecretsPorts): DynamicModule {
    const { controller, purger } = createSecrets(ports);
    return {
      module: SecretsModule,
      providers: [
        { provide: SecretsController, useValue: controller },
        { provide: SecretPurger, useValue: purger },
      ],
      exports: [SecretsController, SecretPurger],
    };
  }
}
