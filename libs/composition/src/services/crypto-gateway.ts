import { topics, type VaultDirectory, type VaultKeySource } from '@coffer/contracts';
import type { OwnerLog } from '@coffer/event-sourcing';
import { createSealer, Keyring, keyringMigrations, type Purpose } from '@coffer/keyring';
import {
  keysMigrations,
  keyProjections,
  KeyPurger,
  KeyScheduler,
  KeysController,
  KeysModule,
  notifyOfKeys,
  ReleaseKeys,
} from '@coffer/keys-feature';
import { surface } from '@coffer/nest';
import { createAttestationVerifier } from '@coffer/token-verifier';
import { keyOperations } from '@coffer/wire';
import type { INestApplicationContext } from '@nestjs/common';
import { cryptoProvider } from '../crypto-provider.js';
import { rootKeyProvider } from '../root-key.js';
import { openService, orClose } from '../service.js';
import { Sweeper, warnOfUnpurged } from '../sweeper.js';
import { onVaultPurged } from '../vault-purge.js';
import { readiness, type ComposedService, type ServiceContext } from './context.js';

/** A rotation may be late by this. */
const TIMERS_EVERY_MS = 10_000;

export const CRYPTO_GATEWAY = 'crypto-gateway';

export interface CryptoGateway extends ComposedService {
  /** KEKs for the other services, each by its own purpose. */
  readonly vaultKeys: (purpose: Purpose) => VaultKeySource;
}

/** Keys and the key hierarchy. It alone reaches the root key; a wrong one is noticed here, before anything is served. */
export async function composeCryptoGateway(
  context: ServiceContext & {
    readonly rootKeyFile: string;
    readonly vaultLog: () => OwnerLog;
    readonly vaultDirectory: (container: INestApplicationContext) => VaultDirectory;
  },
): Promise<CryptoGateway> {
  const { clock, config, feed } = context;
  const core = await openService({
    ...context,
    name: CRYPTO_GATEWAY,
    migrations: [keyringMigrations, keysMigrations],
    projections: keyProjections,
    eventsTopic: topics.keys,
  });
  const keyring = await orClose(core, async () => {
    const rootKey = await rootKeyProvider(config.rootPassphraseFile, context.rootKeyFile);
    return Keyring.open({ database: core.database, rootKey, clock });
  });
  const { provider, hardware } = await orClose(core, () => Promise.resolve(cryptoProvider(config, context.log)));
  const sealer = createSealer(keyring.source('keys'));
  const backups = createSealer(keyring.source('key-backups'));
  const attestation = createAttestationVerifier({
    authorities: config.attestationAuthorities,
    clock,
    clockSkewSeconds: config.clockSkewSeconds,
  });
  const sweeper = new Sweeper(context.log.child({ service: CRYPTO_GATEWAY }));
  let stopConsumer = (): Promise<void> => Promise.resolve();
  return {
    core,
    vaultKeys: (purpose) => keyring.source(purpose),
    modules: [KeysModule.for({ ...core, clock, sealer, backups, provider, attestation, region: config.region })],
    surfaces: (container) => [
      surface(CRYPTO_GATEWAY, keyOperations, container.get(KeysController).handlers, core.audit),
    ],
    startConsumers: async (container) => {
      const purger = container.get(KeyPurger);
      const subscription = await onVaultPurged(
        { core, feed, owner: context.vaultLog(), log: context.log, consumer: CRYPTO_GATEWAY },
        async (vaultId) => {
          await purger.purgeVault(vaultId);
          await keyring.destroyVault(vaultId);
        },
      );
      const vaults = context.vaultDirectory(container);
      const vaultUrl = (name: string) => context.hosts.vaultUrl(name);
      const notifier = await notifyOfKeys({ feed, vaults, vaultUrl });
      stopConsumer = async () => {
        await Promise.all([subscription.stop(), notifier.stop()]);
      };
      sweeper.every(async () => {
        warnOfUnpurged(context.log, await purger.purgeDue(clock.now()));
      });
      const releaseKeys = container.get(ReleaseKeys);
      sweeper.every(() => releaseKeys.runDue());
      const scheduler = container.get(KeyScheduler);
      sweeper.every(async () => {
        for (const { error: err, ...key } of (await scheduler.runDue(clock.now(), { vaults, vaultUrl })).failed) {
          context.log.warn({ err, ...key }, 'the timers of a key could not be followed and will be tried again');
        }
      }, TIMERS_EVERY_MS);
    },
    ready: readiness(core),
    hardwareReady: hardware?.ready,
    close: async () => {
      await sweeper.stop();
      await stopConsumer();
      await provider.close();
      keyring.close();
      await core.close();
    },
  };
}
