/** `npm run admin -- <command>`: coffer-admin, built when needed. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../', import.meta.url));
const run = (script, args, stdio) =>
  spawnSync(process.execPath, [script, ...args], { cwd: workspace, stdio }).status ?? 1;

const built = run('node_modules/typescript7/bin/tsc', ['-b', 'tsconfig.build.json'], ['ignore', 2, 2]);
process.exitCode = built === 0 ? run('apps/cli/dist/main.js', process.argv.slice(2), 'inherit') : built;
