import { CofferError } from '@coffer/kernel';

export interface QueueOptions {
  /** Operations that may be in the thread pool at a time. */
  readonly window: number;
  /** Operations that may wait or run at a time; more are refused as Throttled. */
  readonly maxPending: number;
}

interface Task {
  /** Never rejects. */
  readonly perform: () => Promise<void>;
  readonly reject: (error: CofferError) => void;
}

/**
 * Hands work to the thread pool, oldest first and only some at a time: files and name look-ups share the pool and would wait
 * behind all that is in it.
 */
export class SigningQueue {
  readonly #waiting: Task[] = [];
  #running = 0;
  #closed = false;

  constructor(private readonly options: QueueOptions) {}

  /** What the work gives. `failed`: what the caller hears instead of the work's own error. */
  async run<T>(work: () => Promise<T>, failed: () => CofferError): Promise<T> {
    if (this.#closed) throw closed();
    if (this.#running + this.#waiting.length >= this.options.maxPending) throw throttled();
    return new Promise((resolve, reject) => {
      const perform = async () => {
        try {
          resolve(await work());
        } catch {
          reject(failed());
        }
      };
      this.#waiting.push({ perform, reject });
      this.#next();
    });
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
  }

  #next(): void {
    if (this.#running >= this.options.window) return;
    const task = this.#waiting.shift();
    if (task === undefined) return;
    this.#running += 1;
    void this.#perform(task);
  }

  async #perform({ perform }: Task): Promise<void> {
    await perform();
    this.#running -= 1;
    this.#next();
  }
}

function throttled(): CofferError {
  const text = 'Request was not processed because too many requests were received. Please retry.';
  return new CofferError('Throttled', text, { retryAfterSeconds: 1 });
}

function closed(): CofferError {
  return new CofferError('ServiceUnavailable', 'The service is shutting down.');
}
