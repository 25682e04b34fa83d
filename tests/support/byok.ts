import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const TOOL = fileURLToPath(new URL('../../apps/byok', import.meta.url));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory of its own, like one on a machine without a network: a copy of the tool is there, and nothing else. */
export interface Offline {
  readonly directory: string;
  write(name: string, content: string | Uint8Array): Promise<string>;
  read(name: string): Promise<Buffer>;
  /** Runs `coffer byok` there with these arguments, nothing in its environment and nothing to read from. */
  byok(...args: string[]): Promise<Ran>;
  remove(): Promise<void>;
}

export async function offline(): Promise<Offline> {
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-byok-'));
  const tool = path.join(directory, 'tool');
  await cp(TOOL, tool, { recursive: true });
  const program = path.join(tool, 'bin/coffer.mjs');
  return {
    directory,
    write: async (name, content) => {
      await writeFile(path.join(directory, name), content);
      return name;
    },
    read: (name) => readFile(path.join(directory, name)),
    byok: async (...args) => {
      const running = promisify(execFile)(process.execPath, [program, 'byok', ...args], { cwd: directory, env: {} });
      running.child.stdin?.end();
      return running.then(
        (output) => ({ code: 0, ...output }),
        (error: unknown) => {
          const { code, stdout, stderr } = error as Ran;
          return { code, stdout, stderr };
        },
      );
    },
    remove: () => rm(directory, { recursive: true }),
  };
}
