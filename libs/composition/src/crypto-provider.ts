import type { CryptoProvider } from '@coffer/contracts';
import { loadNativeSigner } from '@coffer/crypto-native';
import { createCryptoProvider } from '@coffer/crypto-node';
import type { Logger } from '@coffer/nest/logging';

/** Signatures by the native addon where it was built, else in JavaScript; everything else is the same code. */
export function cryptoProvider(log: Logger): CryptoProvider {
  const native = loadNativeSigner();
  if (native.signer === undefined) {
    log.info({ signer: 'javascript', reason: native.reason }, 'signatures are made in JavaScript');
    return createCryptoProvider();
  }
  log.info({ signer: 'native' }, 'signatures are made by the native addon');
  return createCryptoProvider({ signer: native.signer });
}
