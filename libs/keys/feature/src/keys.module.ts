import { Module, type DynamicModule } from '@nestjs/common';
import { KeyCache } from './application/key-cache.js';
import { createKeyCommands } from './application/key-commands.js';
import { KeyCrypto } from './application/key-crypto.js';
import { KeyPurger } from './application/key-purger.js';
import { KeyScheduler } from './application/key-scheduler.js';
import { KeyTransfer } from './application/key-transfer.js';
import type { KeysPorts } from './application/ports.js';
import { ReleaseKeys } from './application/release-keys.js';
import { ReleaseSigner } from './application/release-signer.js';
import { keyLoader } from './application/usable-key.js';
import { KeysController } from './http/keys-controller.js';
import { ReleaseHandler } from './http/release-handler.js';

/** The parts of the feature, wired; without a framework, so that tests can hold them too. */
export function createKeys(ports: KeysPorts): {
  readonly controller: KeysController;
  readonly purger: KeyPurger;
  readonly scheduler: KeyScheduler;
  readonly releaseKeys: ReleaseKeys;
} {
  const { store, provider, lease } = ports;
  const commands = createKeyCommands(store);
  const cache = new KeyCache({
    load: keyLoader(ports),
    release: (handle) => {
      provider.release(handle);
    },
    lease,
  });
  store.onAppend((vaultId, streamIds) => {
    cache.invalidate(vaultId, streamIds);
  });
  const releaseKeys = new ReleaseKeys(ports);
  const release = new ReleaseHandler(ports, new ReleaseSigner(releaseKeys));
  const controller = new KeysController(
    ports,
    commands,
    new KeyCrypto(cache, provider),
    new KeyTransfer(cache, provider),
    release,
  );
  const [purger, scheduler] = [new KeyPurger(ports, commands), new KeyScheduler(ports, commands)];
  return { controller, purger, scheduler, releaseKeys };
}

/** Keys: the aggregate, its read models and `/keys` of the vault hosts. */
@Module({})
export class KeysModule {
  static for(ports: KeysPorts): DynamicModule {
    const { controller, purger, scheduler, releaseKeys } = createKeys(ports);
    return {
      module: KeysModule,
      providers: [
        { provide: KeysController, useValue: controller },
        { provide: KeyPurger, useValue: purger },
        { provide: KeyScheduler, useValue: scheduler },
        { provide: ReleaseKeys, useValue: releaseKeys },
      ],
      exports: [KeysController, KeyPurger, KeyScheduler, ReleaseKeys],
    };
  }
}
