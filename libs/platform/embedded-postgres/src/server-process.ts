import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { serverEnvironment, type ServerIdentity } from './identity.js';
import { outputError } from './program-output.js';

export interface ServerCommand {
  readonly binaries: string;
  readonly data: string;
  readonly socketDirectory: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly identity: ServerIdentity;
}

export interface ServerExit {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  readonly exited: Promise<ServerExit>;
}

const fastShutdownMilliseconds = 60_000;
const immediateShutdownMilliseconds = 10_000;
const keptLines = 20;

/**
 * Starts `postgres`; resolves when it accepts connections, however long crash recovery takes, and rejects when it ends before.
 * `stop` shuts it down at any moment, also before it is ready.
 */
export async function launchServer(
  command: ServerCommand,
  log: (line: string) => void,
  stop: AbortSignal,
): Promise<ServerProcess> {
  const child = spawnPostgres(command);
  const exited = exitOf(child, stop);
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log(line);
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      if (line.includes('database system is ready to accept connections')) resolve();
    });
    child.once('error', (cause) => {
      reject(outputError('PostgreSQL could not be started', cause.message, 'start-failed', { cause }));
    });
    // `close` comes after the last line, which tells why.
    child.once('close', (code, signal) => {
      const end = String(signal ?? code);
      reject(outputError(`PostgreSQL ended (${end}) before it was ready`, lines.join('\n'), 'start-failed'));
    });
  });
  return { pid: child.pid ?? 0, exited };
}

function spawnPostgres({ binaries, data, socketDirectory, settings, identity }: ServerCommand) {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return spawn(path.join(binaries, 'bin/postgres'), ['-D', data, '-k', socketDirectory, ...options], {
    ...identity.spawn,
    cwd: '/',
    env: serverEnvironment,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Own session: Ctrl-C in a terminal must reach Coffer alone, which still needs the database to drain.
    detached: true,
  });
}

/** Settles when the child has ended, and sees that it ends with `stop` and with our process. */
function exitOf(child: ChildProcess, stop: AbortSignal): Promise<ServerExit> {
  const timers: NodeJS.Timeout[] = [];
  const shutDown = () => {
    child.kill('SIGINT'); // fast: open transactions are rolled back, connections closed, everything written
    timers.push(setTimeout(() => child.kill('SIGQUIT'), fastShutdownMilliseconds));
    timers.push(setTimeout(() => child.kill('SIGKILL'), fastShutdownMilliseconds + immediateShutdownMilliseconds));
  };
  const onProcessExit = () => child.kill('SIGINT'); // process.exit without stop()
  process.once('exit', onProcessExit);
  stop.addEventListener('abort', shutDown, { once: true });
  if (stop.aborted) shutDown();
  return new Promise((resolve) => {
    const settle = (exit: ServerExit) => {
      process.off('exit', onProcessExit);
      stop.removeEventListener('abort', shutDown);
      timers.forEach(clearTimeout);
      resolve(exit);
    };
    child.once('exit', (code, signal) => {
      settle({ code, signal });
    });
    child.once('error', () => {
      settle({ code: null, signal: null });
    });
  });
}
