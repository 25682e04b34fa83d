/**
 * `npm run build:native [-- --if-possible]`: compiles the addon with the C compiler alone (CC, or `cc`), against the headers
 * beside the running node binary. With --if-possible a machine that cannot is no failure: Coffer then signs in JavaScript.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sources = ['module.c', 'algorithms.c', 'key.c', 'signature.c', 'work.c'].map((name) =>
  join(here, 'native', name),
);
const target = join(here, 'dist', 'signer.node');
const ifPossible = process.argv.includes('--if-possible');

/** Node's distributions have their headers, OpenSSL's among them, at this place; some packagers' leave them out. */
const headers = join(dirname(realpathSync(process.execPath)), '..', 'include', 'node');
const flags = [
  ...['-std=c11', '-O2', '-fPIC', '-Wall', '-Wextra', '-Werror=implicit-function-declaration'],
  ...['-fvisibility=hidden', '-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2', `-I${headers}`],
];
// Bound at once: a node without one of the symbols then fails to load the file instead of ending at the first call.
const linking =
  process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-Wl,-z,relro,-z,now'];

function giveUp(reason) {
  console.log(`native signer not built: ${reason}; signatures are made in JavaScript.`);
  process.exit(ifPossible ? 0 : 1);
}

if (process.platform === 'win32') giveUp('Windows is not supported');
if (!existsSync(join(headers, 'node_api.h'))) giveUp(`no node_api.h in ${headers}`);
if (!existsSync(join(headers, 'openssl', 'evp.h')) && process.config.variables.node_shared_openssl !== true) {
  giveUp(`no openssl/evp.h in ${headers}`);
}
const compiler = process.env.CC ?? 'cc';
if (spawnSync(compiler, ['--version']).status !== 0) giveUp(`no C compiler (${compiler})`);

mkdirSync(dirname(target), { recursive: true });
const fresh = `${target}.${process.pid}`;
const extra = (process.env.CFLAGS ?? '').split(' ').filter((flag) => flag !== '');
const { status } = spawnSync(compiler, [...flags, ...extra, ...linking, ...sources, '-o', fresh], { stdio: 'inherit' });
if (status !== 0) {
  // An older file would not fit the TypeScript beside it.
  for (const file of [fresh, target]) rmSync(file, { force: true });
  giveUp(`${compiler} failed`);
}
// In one step: a process that has the old file loaded keeps it.
renameSync(fresh, target);
console.log(`native signer built: ${target}`);
