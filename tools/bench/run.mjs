/**
 * `npm run bench [-- name …]`: every figure of the speed targets, with its ratio, measured in this run on this machine.
 * Load, service, database and reference share the cores, so ratios say more than absolute numbers.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../../', import.meta.url));
const built = spawnSync(process.execPath, ['node_modules/typescript7/bin/tsc', '-b', 'tsconfig.build.json'], {
  cwd: workspace,
  stdio: 'inherit',
});
if (built.status !== 0) process.exit(1);
spawnSync(process.execPath, ['libs/platform/crypto-native/build.mjs', '--if-possible'], {
  cwd: workspace,
  stdio: 'inherit',
});

const benchmarks = ['start', 'append', 'secrets', 'sign', 'native', 'keys', 'size', 'split'];
const asked = process.argv.slice(2).filter((name) => !name.startsWith('-'));
const unknown = asked.find((name) => !benchmarks.includes(name));
if (unknown !== undefined) throw new Error(`no benchmark ${unknown}: ${benchmarks.join(', ')}`);

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.version}\n`);
for (const name of asked.length === 0 ? benchmarks : asked) {
  // A process of its own each, so that none pays for another's memory.
  execFileSync(process.execPath, [fileURLToPath(new URL(`./${name}.bench.mjs`, import.meta.url))], {
    stdio: 'inherit',
  });
}
