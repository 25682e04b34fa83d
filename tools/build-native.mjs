/** `npm run build:native [-- --if-possible]`: everything that needs a compiler. Each part can be missing where there is none. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const parts = ['crypto-native', 'crypto-pkcs11'];
for (const part of parts) {
  const script = fileURLToPath(new URL(`../libs/platform/${part}/build.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
