/**
 * `npm run split [-- flags]`: builds what has changed and runs the services as separate processes, two instances of each
 * behind the edge, on embedded PostgreSQL and a local Kafka. Signals reach the program itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../', import.meta.url));

const build = spawnSync(process.execPath, ['node_modules/typescript7/bin/tsc', '-b', 'tsconfig.build.json'], {
  cwd: workspace,
  stdio: ['ignore', 2, 2],
});
if (build.status !== 0) process.exit(build.status ?? 1);

const program = spawn(process.execPath, ['tools/split/main.mjs', ...process.argv.slice(2)], {
  cwd: workspace,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => program.kill(signal));
program.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
