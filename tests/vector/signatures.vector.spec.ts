import type { CryptoProvider } from '@coffer/contracts';
import { loadNativeSigner } from '@coffer/crypto-native';
import { createCryptoProvider } from '@coffer/crypto-node';
import { describeEcSignatures, describeRsaSignatures } from '@coffer/testing';

/** One set of vectors for both ways to sign. The native one has random nonces: RFC 6979 is not in OpenSSL 3.0. */
const inJavaScript = () => createCryptoProvider({ threads: 2 });
describeEcSignatures({ adapter: 'in JavaScript', deterministic: true, create: inJavaScript });
describeRsaSignatures('in JavaScript', inJavaScript);

const native = loadNativeSigner();
if (native.signer === undefined) {
  it.skip(`by the native addon: ${native.reason}`, () => undefined);
} else {
  describeEcSignatures({ adapter: 'by the native addon', deterministic: false, create: byAddon });
  describeRsaSignatures('by the native addon', byAddon);
}

/** A signer for each provider, which closes it. */
function byAddon(): CryptoProvider {
  const { signer } = loadNativeSigner();
  if (signer === undefined) throw new Error('the addon has gone');
  return createCryptoProvider({ threads: 2, signer });
}
