import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../contract/python/', import.meta.url));
const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
const installed = path.join(cache, 'coffer/python-client');

/** The Python that has the client: `TEST_PYTHON`, what `tests/contract/python/install.sh` made, or that of the system. */
function interpreter(): string {
  const isComplete = existsSync(path.join(installed, 'requirements.txt'));
  return process.env['TEST_PYTHON'] ?? (isComplete ? path.join(installed, 'bin/python') : 'python3');
}

/** An answer that the client received; the body as text, null for none. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string | null;
}

export interface CaseResult {
  readonly case: string;
  /** The traceback of a failure. */
  readonly error: string | null;
  readonly data: unknown;
  readonly exchanges: readonly Exchange[];
}

export interface PythonCases {
  /** Name and version of the client. */
  readonly client: string;
  /** By api-version. */
  readonly cases: Readonly<Record<string, readonly string[]>>;
}

/** `azure.keyvault.keys`, or `azure.keyvault.keys.aio`. */
export type PythonKind = 'sync' | 'async';

/** What there is to run, for every api-version that the client knows; or the reason why it cannot be run here. */
export function pythonCases(kind: PythonKind): PythonCases | { readonly reason: string } {
  const { error, status, stdout, stderr } = spawnSync(interpreter(), ['-B', 'main.py', kind, '--cases'], {
    cwd: directory,
    encoding: 'utf8',
  });
  if (error !== undefined) return { reason: `there is no Python: ${error.message}` };
  if (status === 0) return JSON.parse(stdout) as PythonCases;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  // Anything else is a fault of the program, not of the machine.
  if (!last.startsWith('ModuleNotFoundError')) throw new Error(stderr);
  return { reason: `the client is not installed (tests/contract/python/install.sh): ${last}` };
}

/** Runs the cases of an api-version. Rejects when the program itself fails. */
export async function runPythonCases(
  kind: PythonKind,
  version: string,
  env: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, CaseResult>> {
  const child = spawn(interpreter(), ['-B', 'main.py', kind, version], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const results = new Map<string, CaseResult>();
  const errors: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const result = JSON.parse(line) as CaseResult;
    results.set(result.case, result);
  });
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the Python program ended with ${code ?? 'a signal'}:\n${errors.join('\n')}`);
  return results;
}
