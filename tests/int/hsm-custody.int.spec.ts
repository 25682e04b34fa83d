import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createSoftHsm, describeWithSoftHsm } from '../support/softhsm.js';

const SCRIPT = fileURLToPath(new URL('../../libs/platform/crypto-pkcs11/checks/custody.mjs', import.meta.url));

describeWithSoftHsm('the custody of a PKCS #11 module', () => {
  it('lets no private key out, whatever the module is asked', async () => {
    const hsm = await createSoftHsm();
    try {
      const env = { ...process.env, ...hsm.env };
      const run = promisify(execFile)(process.execPath, [SCRIPT, hsm.module, hsm.token, hsm.pin], { env });
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
});
