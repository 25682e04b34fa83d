import { availableParallelism } from 'node:os';
import { CofferError } from '@coffer/kernel';
import type { Answer, Operation, PooledKey, ThreadSettings } from './protocol.js';
import { Thread, type Task } from './thread.js';

export interface PoolOptions {
  /** Worker threads; started when first needed. Defaults to the number of cores. */
  readonly threads?: number;
  /** Requests that may wait or run at a time, over all threads; more are refused as Throttled. Defaults to 512 per thread. */
  readonly maxPending?: number;
  /** Private keys that each thread keeps ready. */
  readonly maxKeysPerThread?: number;
  /** Threads that leave the processor to others that want it (Linux; elsewhere they are as any). Defaults to false. */
  readonly background?: boolean;
}

/** Requests a thread holds: enough to keep it busy until its answers have been read, few enough to share evenly. */
const WINDOW = 8;
const SCRIPT = new URL('../../worker/crypto-worker.mjs', import.meta.url);

/** Runs operations on worker threads, so that none of them blocks the event loop. */
export class CryptoPool {
  readonly #size: number;
  readonly #maxPending: number;
  readonly #maxKeys: number;
  readonly #settings: ThreadSettings;
  readonly #threads = new Set<Thread>();
  readonly #queue: Task[] = [];
  #pending = 0;
  #scheduled = false;
  #closed = false;

  constructor(
    options: PoolOptions = {},
    private readonly script: URL = SCRIPT,
  ) {
    this.#size = options.threads ?? availableParallelism();
    this.#maxPending = options.maxPending ?? 512 * this.#size;
    this.#maxKeys = options.maxKeysPerThread ?? 1000;
    this.#settings = { background: options.background ?? false };
  }

  /** Threads that run now. */
  get threads(): readonly Thread[] {
    return [...this.#threads];
  }

  /**
   * Resolves with the answer, `undefined` when the operation failed. Throws Throttled when too much is waiting, and
   * ServiceUnavailable when the thread died or the pool is closed.
   */
  async run(operation: Operation, key?: PooledKey): Promise<Answer['value']> {
    if (this.#closed) throw closed();
    if (this.#pending >= this.#maxPending) throw throttled();
    this.#pending += 1;
    try {
      return await new Promise<Answer['value']>((resolve, reject) => {
        this.#queue.push({ operation, key, resolve, reject });
        this.#schedule();
      });
    } finally {
      this.#pending -= 1;
    }
  }

  /** Makes every thread forget the key; requests already accepted still finish. */
  release(key: PooledKey): void {
    key.released = true;
    for (const thread of this.#threads) thread.drop(key.id);
    this.#schedule();
  }

  /** Ends the threads; what still waits is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(closed());
    await Promise.all(this.threads.map((thread) => thread.terminate()));
  }

  /** At the end of this turn of the event loop, so that all requests which arrived in it share one message per thread. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#closed) return;
    while (this.#queue.length > 0) {
      const thread = this.#leastLoaded();
      if (thread === undefined) break;
      const task = this.#queue.shift();
      if (task !== undefined) thread.add(task);
    }
    for (const thread of this.#threads) thread.flush();
  }

  /** `undefined` when every thread holds as much as it may. */
  #leastLoaded(): Thread | undefined {
    let best: Thread | undefined;
    for (const thread of this.#threads) if (best === undefined || thread.load < best.load) best = thread;
    if ((best === undefined || best.load > 0) && this.#threads.size < this.#size) return this.#start();
    return best !== undefined && best.load < WINDOW ? best : undefined;
  }

  #start(): Thread {
    const thread: Thread = new Thread(this.script, this.#settings, this.#maxKeys, {
      onAnswers: () => {
        this.#dispatch();
      },
      onEnd: () => {
        this.#threads.delete(thread);
        this.#schedule(); // what waits goes to the others, or to a new thread
      },
    });
    this.#threads.add(thread);
    return thread;
  }
}

function throttled(): CofferError {
  const text = 'Request was not processed because too many requests were received. Please retry.';
  return new CofferError('Throttled', text, { retryAfterSeconds: 1 });
}

function closed(): CofferError {
  return new CofferError('ServiceUnavailable', 'The service is shutting down.');
}
