import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemErrorCode } from '@coffer/kernel';
import { EmbeddedPostgresError } from './errors.js';

const run = promisify(execFile);
const fastShutdownMilliseconds = 30_000;
const immediateShutdownMilliseconds = 10_000;

/**
 * Clears the way for a start in `directory`: stops a server that outlived a killed launcher, and disarms lock files of a killed
 * one. Stopped rather than adopted: only a child's end can be observed, and its settings may be old. Call only under
 * the instance lock: then no live launcher can own the server.
 */
export async function stopLeftoverServer(directory: string, log: (line: string) => void): Promise<void> {
  const data = path.join(directory, 'data');
  const pidFile = path.join(data, 'postmaster.pid');
  const pid = pidIn(await readPidFile(pidFile));
  if (pid !== undefined && (await runsOn(pid, data))) {
    log(`stopping the PostgreSQL (pid ${pid}) that an earlier instance left behind`);
    await stopAndWait(pid, data);
  }
  await rm(path.join(directory, '.s.PGSQL.5432.lock'), { force: true });
  const left = await readPidFile(pidFile);
  const stale = pidIn(left);
  if (stale === undefined || !isAlive(stale)) return; // Postgres removes the file of a dead process
  // A zombie, or another program that got the pid: Postgres would refuse to start. It treats its parent's pid as stale,
  // and still checks the shared memory that the rest of the file names, which deleting the file would prevent.
  await writeFile(pidFile, left.replace(/^\d+/, String(process.pid)));
}

function pidIn(text: string): number | undefined {
  const pid = Number.parseInt(text, 10);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

/** Empty when there is no file: the server was stopped properly, or never ran. */
function readPidFile(pidFile: string): Promise<string> {
  return readFile(pidFile, 'utf8').catch(() => '');
}

async function stopAndWait(pid: number, data: string): Promise<void> {
  const steps = [
    ['SIGINT', fastShutdownMilliseconds],
    ['SIGQUIT', immediateShutdownMilliseconds],
  ] as const;
  for (const [signal, patience] of steps) {
    send(pid, signal);
    const end = performance.now() + patience;
    while (performance.now() < end) {
      if (!isAlive(pid) || !(await runsOn(pid, data))) return;
      await pause(10); // not our child: its end can only be polled
    }
  }
  throw new EmbeddedPostgresError(
    'already-running',
    `PostgreSQL (pid ${pid}) on ${data} does not stop: end it by hand.`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}

/** Whether the process is a `postgres -D <data>`. A zombie has no command line and counts as gone. */
async function runsOn(pid: number, data: string): Promise<boolean> {
  const command = await commandLine(pid);
  return /\/postgres /.test(command) && `${command} `.includes(` -D ${data} `);
}

/** The process's arguments, joined by spaces; empty when it has ended. */
async function commandLine(pid: number): Promise<string> {
  if (existsSync('/proc/self/cmdline')) {
    const bytes = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return bytes.replaceAll('\0', ' ').trimEnd();
  }
  const { stdout } = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.trimEnd();
}
