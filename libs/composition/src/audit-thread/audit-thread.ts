import { Worker } from 'node:worker_threads';
import { deferred } from '@coffer/kernel';
import type { Logger } from '@coffer/nest';
import type { ServiceName } from '../service-names.js';
import type { Order, Report, Task } from './protocol.js';

export interface AuditThreadOptions extends Task {
  readonly log: Logger;
  /** The thread ended by itself: records stay in the inboxes, and this process must end. */
  readonly onLost: (error: Error) => void;
}

/** Commits within this time are told of once. */
const GATHER_MS = 10;
/** A stop that takes longer is cut short: everything the thread does is durable step by step. */
const GRACE_MS = 10_000;

/**
 * Takes the audit records of all services from their inboxes into the audit log, on a thread of its own, so that no request
 * waits behind it (docs/adr/0013).
 */
export class AuditThread {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #told = new Set<ServiceName>();
  #stopping = false;

  private constructor({ connections, signer, log, onLost }: AuditThreadOptions, onStarted: () => void) {
    const workerData: Task = { connections, signer };
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData,
      execArgv: [],
      // Enough for a batch to die in: what outlives a smaller nursery is copied, twice, and costs more than the work.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    });
    this.#worker.on('message', (report: Report) => {
      if (report === 'started') onStarted();
      else log[report.level](report.fields, report.text);
    });
    this.#worker.on('error', (err) => {
      log.error({ err }, 'the audit thread has failed');
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        if (!this.#stopping) onLost(new Error('The thread that keeps the audit log has ended.'));
        resolve();
      });
    });
  }

  /** Resolves when records are taken. Rejects when the thread ends before. */
  static async start(options: AuditThreadOptions): Promise<AuditThread> {
    const { promise: started, resolve, reject } = deferred<undefined>();
    const thread = new AuditThread(
      {
        ...options,
        onLost: (error) => {
          reject(error);
          options.onLost(error);
        },
      },
      () => {
        resolve(undefined);
      },
    );
    await started;
    return thread;
  }

  /** A service has committed records. */
  wake(service: ServiceName): void {
    if (this.#told.has(service)) return;
    this.#told.add(service);
    setTimeout(() => {
      this.#told.delete(service);
      this.#order({ committed: service });
    }, GATHER_MS).unref();
  }

  /** Resolves when the running steps have ended. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.#order('stop');
    const cut = setTimeout(() => void this.#worker.terminate(), GRACE_MS);
    await this.#ended;
    clearTimeout(cut);
  }

  #order(order: Order): void {
    this.#worker.postMessage(order);
  }
}
