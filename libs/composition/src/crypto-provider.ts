import type { CryptoProvider, KeyModule } from '@coffer/contracts';
import { loadNativeSigner } from '@coffer/crypto-native';
import { createCryptoProvider } from '@coffer/crypto-node';
import { createPkcs11Module } from '@coffer/crypto-pkcs11';
import type { Logger } from '@coffer/nest/logging';
import type { Config } from './config/schema.js';

type ModuleConfig = Pick<Config, 'pkcs11Module' | 'pkcs11Token' | 'pkcs11PinFile'>;

/**
 * Signatures by the native addon where it was built, else in JavaScript; keys of the -HSM types in the hardware module that is
 * configured; everything else is the same code. Throws when a module is configured and its binding was not built.
 */
export function cryptoProvider(config: ModuleConfig, log: Logger): GatewayCryptography {
  const hardware = hardwareModule(config, log);
  return { provider: providerWith(hardware?.module, log), hardware };
}

export interface GatewayCryptography {
  readonly provider: CryptoProvider;
  readonly hardware: HardwareModule | undefined;
}

interface HardwareModule {
  readonly module: KeyModule;
  /** Whether it could be used when it was last tried. */
  readonly ready: () => boolean;
}

function providerWith(module: KeyModule | undefined, log: Logger): CryptoProvider {
  const native = loadNativeSigner();
  if (native.signer === undefined) {
    log.info({ signer: 'javascript', reason: native.reason }, 'signatures are made in JavaScript');
    return createCryptoProvider({ module });
  }
  log.info({ signer: 'native' }, 'signatures are made by the native addon');
  return createCryptoProvider({ signer: native.signer, module });
}

/** Whether the module can be used now is no condition of a start: other keys do not need it. */
function hardwareModule(config: ModuleConfig, log: Logger): HardwareModule | undefined {
  const { pkcs11Module: library, pkcs11Token: token, pkcs11PinFile: pinFile } = config;
  if (library === undefined || token === undefined || pinFile === undefined) return undefined;
  let ready = false;
  const module = createPkcs11Module({
    module: library,
    token,
    pinFile,
    onState: (state) => {
      ready = state.state === 'ready';
      if (state.state === 'ready') log.info({ pid: state.pid }, 'the hardware security module is ready');
      else log.warn({ reason: state.reason }, 'the hardware security module cannot be used; it is tried again');
    },
  });
  return { module, ready: () => ready };
}
