import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** A fresh directory for one launcher, outside the test run's own server. */
export async function temporaryDirectory(): Promise<{
  readonly directory: string;
  readonly remove: () => Promise<void>;
}> {
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-launcher-'));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Runs one statement on a server of its own socket directory, in the database `postgres`. */
export async function query(host: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ host, user: 'coffer', database: 'postgres' });
  client.on('error', () => undefined); // a killed server: the query below rejects
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Collects log lines and lets a spec wait for one. */
export class Lines {
  readonly all: string[] = [];
  readonly #waiting = new Set<(line: string) => void>();

  readonly add = (line: string): void => {
    this.all.push(line);
    for (const notify of this.#waiting) notify(line);
  };

  /** Resolves with the first line, also a past one, that matches. */
  async until(pattern: RegExp): Promise<string> {
    const past = this.all.find((line) => pattern.test(line));
    if (past !== undefined) return past;
    return new Promise((resolve) => {
      const notify = (line: string) => {
        if (!pattern.test(line)) return;
        this.#waiting.delete(notify);
        resolve(line);
      };
      this.#waiting.add(notify);
    });
  }
}

export interface LauncherProcess {
  readonly child: ChildProcess;
  readonly lines: Lines;
  /** Ends it at once, as a crash would; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/** Starts a launcher in another process (embedded-postgres-process.mjs); needs the built packages. */
export function launcherProcess(directory: string, ...args: string[]): LauncherProcess {
  const script = fileURLToPath(new URL('./embedded-postgres-process.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, directory, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = new Lines();
  createInterface({ input: child.stdout }).on('line', lines.add);
  const gone = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  return { child, lines, kill };
}

/** Whether the process runs; a zombie that its parent has not collected yet does not. */
export function isRunning(pid: number): boolean {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`).length > 0;
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
