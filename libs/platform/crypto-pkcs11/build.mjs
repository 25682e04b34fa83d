/**
 * Part of `npm run build:native [-- --if-possible]`: compiles the binding of pkcs11js, which is C++ over Node-API, with the
 * compiler alone (CXX, or `c++`), against the headers beside the running node binary. With --if-possible a machine that cannot
 * is no failure: Coffer then refuses to start with a PKCS #11 module, and is whole without one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const target = join(dirname(fileURLToPath(import.meta.url)), 'dist', 'pkcs11.node');
const ifPossible = process.argv.includes('--if-possible');

const headers = join(dirname(realpathSync(process.execPath)), '..', 'include', 'node');
const flags = [
  ...['-std=c++17', '-O2', '-fPIC', '-fvisibility=hidden', '-fno-exceptions', '-fstack-protector-strong'],
  ...['-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2', '-DNAPI_DISABLE_CPP_EXCEPTIONS', `-I${headers}`],
];
const linking =
  process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-Wl,-z,relro', '-ldl'];

function giveUp(reason) {
  console.log(`PKCS #11 binding not built: ${reason}; keys cannot live in a hardware security module.`);
  process.exit(ifPossible ? 0 : 1);
}

if (process.platform === 'win32') giveUp('Windows is not supported');
if (!existsSync(join(headers, 'node_api.h'))) giveUp(`no node_api.h in ${headers}`);
const compiler = process.env.CXX ?? 'c++';
if (spawnSync(compiler, ['--version']).status !== 0) giveUp(`no C++ compiler (${compiler})`);

const binding = dirname(createRequire(import.meta.url).resolve('pkcs11js/package.json'));
const sources = ['main.cpp', 'common.cpp'].map((name) => join(binding, 'src', name));
mkdirSync(dirname(target), { recursive: true });
const fresh = `${target}.${process.pid}`;
const includes = `-I${join(binding, 'includes')}`;
const { status } = spawnSync(compiler, [...flags, includes, ...sources, ...linking, '-o', fresh], { stdio: 'inherit' });
if (status !== 0) {
  for (const file of [fresh, target]) rmSync(file, { force: true });
  giveUp(`${compiler} failed`);
}
// In one step: a process that has the old file loaded keeps it.
renameSync(fresh, target);
console.log(`PKCS #11 binding built: ${target}`);
