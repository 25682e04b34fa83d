import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createSoftHsm, describeWithSoftHsm } from '../support/softhsm.js';

const script = (name: string) =>
  fileURLToPath(new URL(`../../libs/platform/crypto-pkcs11/checks/${name}.mjs`, import.meta.url));

describeWithSoftHsm('the custody of a PKCS #11 module', () => {
  it('lets no private key out, whatever the module is asked', async () => {
    const hsm = await createSoftHsm();
    try {
      const env = { ...process.env, ...hsm.env };
      const run = promisify(execFile)(process.execPath, [script('custody'), hsm.module, hsm.token, hsm.pin], { env });
      expect((await run).stdout.trim().split('\n')).toEqual([
        'a key that was made is held',
        'a key that was taken in is held',
        'no object is left behind but the one that wraps all others',
        'no key is opened that was changed, or is of another token',
        'of several wrapping keys the lowest is used, and what any of them wrapped is opened',
        'nothing is wrapped under a key that could be read',
      ]);
    } finally {
      await hsm.dispose();
    }
  });

  it('lets no other key wrap what is on its way into storage, where the wrapping key is declared trusted', async () => {
    const hsm = await createSoftHsm();
    try {
      const env = { ...process.env, ...hsm.env };
      const { module, token, pin, soPin } = hsm;
      await promisify(execFile)(process.execPath, [script('trusted'), module, token, pin, soPin], { env });
    } finally {
      await hsm.dispose();
    }
  });
});
