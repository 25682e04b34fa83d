import { execFile, execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const workspace = path.resolve(fileURLToPath(new URL('../../', import.meta.url)));
const SOURCES = ['libs', 'apps', 'package.json', 'tsconfig.base.json'];

/** The commit before this one, or why it cannot be had: no git, an archive without history, a shallow clone. */
export function previousCommit(): { readonly commit: string } | { readonly missing: string } {
  const root = git('rev-parse', '--show-toplevel');
  if (root === undefined || path.resolve(root) !== workspace) return { missing: 'this is no clone' };
  const commit = git('rev-parse', '--verify', '--quiet', 'HEAD~1^{commit}');
  if (commit === undefined) return { missing: 'the clone has no history' };
  const sameDependencies = git('diff', '--quiet', commit, '--', 'package-lock.json') !== undefined;
  return sameDependencies ? { commit } : { missing: 'the commit before has other dependencies' };
}

/** What it prints; undefined when it fails. */
function git(...args: string[]): string | undefined {
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: workspace,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    return execFileSync('git', args, options).trim();
  } catch {
    return undefined;
  }
}

export interface BuiltCommit {
  /** The program of a service, as `node` runs it. */
  readonly program: string;
  remove(): Promise<void>;
}

/** Builds a service of another commit in a directory of its own, with the dependencies that are installed here. */
export async function buildAt(commit: string, service: string): Promise<BuiltCommit> {
  const root = await mkdtemp(path.join(tmpdir(), 'coffer-commit-'));
  const archive = path.join(root, 'sources.tar');
  await run('git', ['archive', '--output', archive, commit, ...SOURCES], { cwd: workspace });
  await run('tar', ['-xf', archive, '-C', root]);
  await linkDependencies(root);
  const compiler = path.join(root, 'node_modules/typescript7/bin/tsc');
  const project = `apps/${service}`;
  await run(process.execPath, [compiler, '-b', `${project}/tsconfig.build.json`], { cwd: root });
  return {
    program: path.join(root, project, 'dist/main.js'),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Links to the installed packages; those of the workspace are relative, so that a copy of them leads to the other commit. */
async function linkDependencies(root: string): Promise<void> {
  const [from, to] = [path.join(workspace, 'node_modules'), path.join(root, 'node_modules')];
  await mkdir(to);
  await cp(path.join(from, '@coffer'), path.join(to, '@coffer'), { recursive: true, verbatimSymlinks: true });
  const others = (await readdir(from)).filter((name) => name !== '@coffer');
  await Promise.all(others.map((name) => symlink(path.join(from, name), path.join(to, name))));
}
