import { Module, type DynamicModule } from '@nestjs/common';
import type { HandlersOf, managementOperations } from '@coffer/wire';
import { VaultCommands } from './application/commands.js';
import { LocalVaultDirectory } from './application/local-directory.js';
import type { VaultsPorts } from './application/ports.js';
import { VaultPurger } from './application/vault-purger.js';
import { DirectoryController } from './http/directory-controller.js';
import { VaultsController } from './http/vaults-controller.js';

/** Both controllers as the surface of vault management. */
export class ManagementController {
  readonly handlers: HandlersOf<typeof managementOperations>;

  constructor(directory: DirectoryController, vaults: VaultsController) {
    this.handlers = { ...directory.handlers, ...vaults.handlers };
  }
}

/** The parts of the feature, wired; without a framework, so that tests can hold them too. */
export function createVaults(ports: VaultsPorts): {
  readonly controller: ManagementController;
  readonly directory: LocalVaultDirectory;
  readonly purger: VaultPurger;
} {
  const commands = new VaultCommands(ports.store);
  const directory = new LocalVaultDirectory(ports);
  const controller = new ManagementController(
    new DirectoryController(ports, commands),
    new VaultsController(ports, commands),
  );
  return { controller, directory, purger: new VaultPurger(ports, commands) };
}

/** Vaults: subscriptions, resource groups, vaults with their access policies, and their directory for the data plane. */
@Module({})
export class VaultsModule {
  static for(ports: VaultsPorts): DynamicModule {
    const { controller, directory, purger } = createVaults(ports);
    return {
      module: VaultsModule,
      providers: [
        { provide: ManagementController, useValue: controller },
        { provide: LocalVaultDirectory, useValue: directory },
        { provide: VaultPurger, useValue: purger },
      ],
      exports: [ManagementController, LocalVaultDirectory, VaultPurger],
    };
  }
}
