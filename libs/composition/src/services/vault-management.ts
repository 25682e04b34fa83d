import { topics, type VaultDirectory, type VaultKeySource } from '@coffer/contracts';
import { createOwnerLog } from '@coffer/event-store-postgres';
import { createSealer } from '@coffer/keyring';
import { surface } from '@coffer/nest';
import {
  SecretPurger,
  SecretsController,
  SecretsModule,
  secretMigrations,
  secretProjections,
} from '@coffer/secrets-feature';
import {
  LocalVaultDirectory,
  retiredStorage,
  ManagementController,
  VaultPurger,
  VaultsModule,
  vaultProjections,
  vaultsMigrations,
} from '@coffer/vaults-feature';
import { managementOperations, secretOperations, storageOperations } from '@coffer/wire';
import type { INestApplicationContext } from '@nestjs/common';
import type { Principal } from '@coffer/wire';
import { openService } from '../service.js';
import { Sweeper, warnOfUnpurged } from '../sweeper.js';
import { onVaultPurged } from '../vault-purge.js';
import { readiness, type ComposedService, type ServiceContext } from './context.js';

export const VAULT_MANAGEMENT = 'vault-management';

export interface VaultManagement extends ComposedService {
  readonly directory: (container: INestApplicationContext) => VaultDirectory;
  readonly management: (container: INestApplicationContext) => ManagementController;
}

export interface VaultManagementPeers {
  /** KEKs of the secrets' purpose. */
  readonly vaultKeys: VaultKeySource;
  /** Whether a caller may see a subscription in a list. */
  readonly canRead: (principal: Principal, scope: string) => Promise<boolean>;
}

/** Subscriptions, resource groups, vaults and secrets. */
export async function composeVaultManagement(context: ServiceContext & VaultManagementPeers): Promise<VaultManagement> {
  const { clock, config, feed, hosts, tenantId, canRead } = context;
  const core = await openService({
    ...context,
    name: VAULT_MANAGEMENT,
    migrations: [vaultsMigrations, secretMigrations],
    projections: [...vaultProjections, ...secretProjections],
    eventsTopic: topics.vaults,
  });
  const { region } = config;
  const authority = config.authority ?? `${hosts.url('login')}/adfs`;
  const sealer = createSealer(context.vaultKeys);
  const sweeper = new Sweeper(context.log.child({ service: VAULT_MANAGEMENT }));
  let stopConsumer = (): Promise<void> => Promise.resolve();
  return {
    core,
    modules: [
      VaultsModule.for({ ...core, clock, region, tenantId, hosts, authority, canRead }),
      SecretsModule.for({ ...core, clock, region, sealer }),
    ],
    surfaces: (container) => [
      surface(VAULT_MANAGEMENT, managementOperations, container.get(ManagementController).handlers, core.audit),
      surface(VAULT_MANAGEMENT, secretOperations, container.get(SecretsController).handlers, core.audit),
      surface(VAULT_MANAGEMENT, storageOperations, retiredStorage, core.audit),
    ],
    directory: (container) => container.get(LocalVaultDirectory),
    management: (container) => container.get(ManagementController),
    startConsumers: async (container) => {
      const secrets = container.get(SecretPurger);
      const vaults = container.get(VaultPurger);
      const subscription = await onVaultPurged(
        { core, feed, owner: createOwnerLog(core.database), log: context.log, consumer: VAULT_MANAGEMENT },
        async (vaultId) => {
          await secrets.purgeVault(vaultId);
        },
      );
      stopConsumer = () => subscription.stop();
      sweeper.every(async () => {
        warnOfUnpurged(context.log, await secrets.purgeDue(clock.now()));
      });
      sweeper.every(() => vaults.purgeDue(clock.now()));
    },
    ready: readiness(core),
    close: async () => {
      await sweeper.stop();
      await stopConsumer();
      await core.close();
    },
  };
}
