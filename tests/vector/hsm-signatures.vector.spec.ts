import type { CryptoProvider } from '@coffer/contracts';
import { createCryptoProvider } from '@coffer/crypto-node';
import { createPkcs11Module } from '@coffer/crypto-pkcs11';
import { describeEcSignatures, describeRsaSignatures } from '@coffer/testing';
import { createSoftHsm, noSoftHsm } from '../support/softhsm.js';

/** The same vectors as for keys in software. */
if (noSoftHsm !== undefined) {
  it.skip(`by a PKCS #11 module (${noSoftHsm})`, () => undefined);
} else {
  const hsm = await createSoftHsm();
  Object.assign(process.env, hsm.env);
  const custody = { hsm: true } as const;
  const create = (): CryptoProvider => createCryptoProvider({ threads: 1, module: createPkcs11Module(hsm) });

  describeEcSignatures({ adapter: 'by a PKCS #11 module: EC', deterministic: false, create, custody });
  describeRsaSignatures('by a PKCS #11 module: RSA', create, custody);

  afterAll(() => hsm.dispose());
}
