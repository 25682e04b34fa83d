/**
 * `npm start [-- flags]`: builds what has changed (a second without changes) and runs the standalone service. Signals
 * reach the service itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../', import.meta.url));

const build = spawnSync(process.execPath, ['node_modules/typescript7/bin/tsc', '-b', 'tsconfig.build.json'], {
  cwd: workspace,
  stdio: ['ignore', 2, 2],
});
if (build.status !== 0) process.exit(build.status ?? 1);

const service = spawn(process.execPath, ['apps/standalone/dist/main.js', ...process.argv.slice(2)], {
  cwd: workspace,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => service.kill(signal));
service.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
