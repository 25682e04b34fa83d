import { CofferError } from '@coffer/kernel';

/** Lets a few tasks run at once and a bounded number wait; the rest is turned away with Throttled. */
export class Turnstile {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly width: number,
    private readonly queue: number,
  ) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.width) await this.#wait();
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

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.queue) {
      throw new CofferError('Throttled', 'Too many sign-ins at once.', { retryAfterSeconds: 1 });
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
