/**
 * `npm run test:compose`: brings the deployment of docker-compose.yml up, runs the program of the README through the edge,
 * and takes it down. Without a Docker engine it says so and ends with 0.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../../', import.meta.url));

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status !== 0) skip('no Docker engine answers on this machine.');
const compose = [['docker', 'compose'], ['docker-compose']].find(
  ([command, ...args]) => spawnSync(command, [...args, 'version'], { stdio: 'ignore' }).status === 0,
);
if (compose === undefined) skip('neither docker compose nor docker-compose is installed.');

const [command, ...first] = compose;
const run = (...args) =>
  execFileSync(command, [...first, '-p', 'coffer-test', ...args], {
    cwd: workspace,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
const directory = mkdtempSync(path.join(tmpdir(), 'coffer-compose-'));
try {
  run('--profile', 'two', 'up', '--build', '-d');
  const text = run('run', '--rm', 'welcome');
  const ca = path.join(directory, 'ca.pem');
  writeFileSync(ca, /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\n/.exec(text)?.[0] ?? '');
  const lines = [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value.trim()]);
  const env = {
    ...process.env,
    ...Object.fromEntries(lines),
    NODE_EXTRA_CA_CERTS: ca,
    NODE_OPTIONS: `--require=${path.join(workspace, 'libs/composition/resolver/localhost-names.cjs')}`,
  };
  console.log(execFileSync(process.execPath, ['examples/quickstart.mjs'], { cwd: workspace, env, encoding: 'utf8' }));
} finally {
  run('down', '-v');
  rmSync(directory, { recursive: true, force: true });
}
