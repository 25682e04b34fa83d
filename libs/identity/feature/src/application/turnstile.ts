import { CofferError } from '@coffer/kernel';

/**
 * Lets a few tasks run at once and a bounded number wait, of which a smaller number for the same key: one caller cannot take
 * the places of all others. The rest is turned away with Throttled.
 */
export class Turnstile {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #waitingFor = new Map<string, number>();

  constructor(
    private readonly width: number,
    private readonly queue: number,
    private readonly queuePerKey: number,
  ) {}

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.width) await this.#wait(key);
    else this.#running += 1;
    try {
      return await task();
    } finally {
      // The place is handed on, not given back, so that nobody slips in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #wait(key: string): Promise<void> {
    const same = this.#waitingFor.get(key) ?? 0;
    if (this.#waiting.length >= this.queue || same >= this.queuePerKey) {
      throw new CofferError('Throttled', 'Too many sign-ins at once.', { retryAfterSeconds: 1 });
    }
    this.#waitingFor.set(key, same + 1);
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        this.#leave(key);
        resolve();
      });
    });
  }

  #leave(key: string): void {
    const left = (this.#waitingFor.get(key) ?? 0) - 1;
    if (left > 0) this.#waitingFor.set(key, left);
    else this.#waitingFor.delete(key);
  }
}
