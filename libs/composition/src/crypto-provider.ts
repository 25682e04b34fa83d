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
export function cryptoProvider(config: ModuleConfig, log: Logger): CryptoProvider {
  const module = keyModule(config, log);
  const native = loadNativeSigner();
  if (native.signer === undefined) {
    log.info({ signer: 'javascript', reason: native.reason }, 'signatures are made in JavaScript');
    return createCryptoProvider({ module });
  }
  log.info({ signer: 'native' }, 'signatures are made by the native addon');
  return createCryptoProvider({ signer: native.signer, module });
}

/** Whether the module can be used now is no condition of a start: other keys do not need it. */
function keyModule({ pkcs11Module: module, pkcs11Token: token, pkcs11PinFile: pinFile }: ModuleConfig, log: Logger) {
  if (module === undefined || token === undefined || pinFile === undefined) return undefined;
  return createPkcs11Module({
    module,
    token,
    pinFile,
    onState: (state) => {
      if (state.state === 'ready') log.info({ pid: state.pid }, 'the hardware security module is ready');
      else log.warn({ reason: state.reason }, 'the hardware security module cannot be used; it is tried again');
    },
  }) satisfies KeyModule;
}
