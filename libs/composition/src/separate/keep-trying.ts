import type { Logger } from '@coffer/nest';
import type { Closing } from '../closing.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

export interface Attempt {
  /** Resolves with the work; rejects when the process stops before it has succeeded. */
  readonly done: Promise<void>;
}

/**
 * Repeats work that needs other services until it succeeds: services start in any order and outlive each other's
 * restarts. Ends with the process.
 */
export function keepTrying(what: string, work: () => Promise<void>, log: Logger, closing: Closing): Attempt {
  const stopped = new AbortController();
  const run = async (): Promise<void> => {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        await work();
        return;
      } catch (err) {
        stopped.signal.throwIfAborted();
        log.warn({ err }, `${what} has to wait and will be tried again`);
      }
      await pauseFor(pause, stopped.signal);
    }
  };
  const done = run();
  // Whoever needs the outcome awaits `done`; at a stop nobody may.
  done.catch(() => undefined);
  closing.add(async () => {
    stopped.abort(new Error('the process stops'));
    await done.catch(() => undefined);
  });
  return { done };
}

function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, milliseconds);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
