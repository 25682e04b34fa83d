import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';

const SAMPLE_MS = 100;
/** Share of this process's capacity above which background work gives way. */
const BUSY = 0.6;

/**
 * Knows whether this process has time to spare. Publishing audit records slows the very requests that write them; the records
 * are durable by then, so they may wait a little (docs/adr/0013).
 */
export class Pressure {
  #busy = false;
  #cpu = process.cpuUsage();
  #loop = performance.eventLoopUtilization();
  #at = performance.now();
  readonly #timer: NodeJS.Timeout;

  /** `maxWaitMs`: longest that a record waits. */
  constructor(private readonly maxWaitMs: number) {
    this.#timer = setInterval(() => {
      this.#sample();
    }, SAMPLE_MS);
    this.#timer.unref();
  }

  /** For `auditMayWait` of a relay. */
  readonly mayWait = (ageMs: number): boolean => this.#busy && ageMs < this.maxWaitMs;

  close(): void {
    clearInterval(this.#timer);
    this.#busy = false;
  }

  #sample(): void {
    const { utilization } = performance.eventLoopUtilization(this.#loop);
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsed = performance.now() - this.#at;
    const cores = (user + system) / 1000 / elapsed / availableParallelism();
    this.#busy = utilization > BUSY || cores > BUSY;
    this.#loop = performance.eventLoopUtilization();
    this.#cpu = process.cpuUsage();
    this.#at = performance.now();
  }
}
