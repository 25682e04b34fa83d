import type { PurgeReport } from '@coffer/contracts';
import type { Logger } from '@coffer/nest';

/** Soft-deleted objects are purged within this time after their retention has ended. */
const EVERY_MS = 60_000;

/** Runs tasks by the clock, one run of a task at a time; a failing run is logged and the next one tries again. */
export class Sweeper {
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly log: Logger) {}

  every(task: () => Promise<unknown>, milliseconds = EVERY_MS): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      const run = task()
        .then(
          () => undefined,
          (err: unknown) => {
            this.log.warn({ err }, 'scheduled work failed and will be tried again');
          },
        )
        .finally(() => {
          busy = false;
          this.#running.delete(run);
        });
      this.#running.add(run);
    }, milliseconds);
    timer.unref();
    this.#timers.push(timer);
  }

  /** No run begins any more; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
  }
}

/** Says which objects the end of their retention did not purge; the next run tries them again. */
export function warnOfUnpurged(log: Logger, { failed }: PurgeReport): void {
  for (const { vaultId, objectId, error } of failed) {
    log.warn({ err: error, vaultId, objectId }, 'a deleted object could not be purged and will be tried again');
  }
}
