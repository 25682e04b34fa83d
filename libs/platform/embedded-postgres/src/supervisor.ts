import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedPostgresError, textMember } from './errors.js';
import type { ServerExit, ServerProcess } from './server-process.js';

export type Launch = () => Promise<ServerProcess>;

const longestPause = 5_000;
const healthyAfterMilliseconds = 60_000;
const patienceMilliseconds = 10_000;

/** Pause before the n-th start in a row (from 0), milliseconds: 0, 100, 200, 400 … 5000. */
export function restartPause(failures: number): number {
  return failures === 0 ? 0 : Math.min(longestPause, 100 * 2 ** (failures - 1));
}

/**
 * First start. When launcher and server were killed together, the server's children may live a moment longer and
 * hold its shared memory; that alone is waited for, every other failure is the caller's.
 */
export async function launchFirst(launch: Launch): Promise<ServerProcess> {
  const end = performance.now() + patienceMilliseconds;
  for (;;) {
    try {
      return await launch();
    } catch (error) {
      const ending = error instanceof EmbeddedPostgresError && error.reason === 'previous-server-ending';
      if (!ending || performance.now() > end) throw error;
      await pause(50);
    }
  }
}

export interface Supervision {
  readonly launch: Launch;
  readonly keepAlive: boolean;
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
  readonly onLaunch: (server: ServerProcess) => void;
}

/**
 * Watches the server and, with `keepAlive`, starts it again whenever it ends by itself, without limit: a full disk may be
 * cleared. Resolves with the last exit once `stop` is aborted, or at the first end without `keepAlive`.
 */
export async function supervise(first: ServerProcess, supervision: Supervision): Promise<ServerExit> {
  const { keepAlive, stop, log, onLaunch } = supervision;
  let server = first;
  let failures = 0;
  for (;;) {
    const launched = performance.now();
    const exit = await server.exited;
    if (stop.aborted) return exit;
    log(`PostgreSQL ended unexpectedly (${String(exit.signal ?? exit.code)})${keepAlive ? '; starting it again' : ''}`);
    if (!keepAlive) return exit;
    if (performance.now() - launched > healthyAfterMilliseconds) failures = 0;
    const next = await relaunch(supervision, failures);
    if (next === undefined) return exit;
    failures = next.failures + 1;
    server = next.server;
    onLaunch(server);
    log('PostgreSQL runs again');
  }
}

/** Tries until a start succeeds; undefined when `stop` came first. */
async function relaunch({ launch, stop, log }: Supervision, failedBefore: number) {
  for (let failures = failedBefore; ; failures++) {
    await pause(restartPause(failures), undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return undefined;
    try {
      return { server: await launch(), failures };
    } catch (error) {
      log(textMember(error, 'message') ?? String(error));
    }
  }
}
