interface Waiting<Key, Value> {
  readonly key: Key;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

/** Keys of one batch at most. */
const MAX_BATCH = 64;

/**
 * Answers single questions by batches: those that come while a batch is under way share the next one, so that under load
 * many cost one round trip, and alone one costs no wait.
 */
export class Batcher<Key, Value> {
  #waiting: Waiting<Key, Value>[] = [];
  #running = false;

  /** `answer` returns one value per key, in their order; when it fails, everyone of the batch fails. */
  constructor(private readonly answer: (keys: readonly Key[]) => Promise<readonly Value[]>) {}

  ask(key: Key): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        const values = await this.answer(batch.map(({ key }) => key));
        batch.forEach(({ resolve }, i) => {
          resolve(values[i] as Value);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}
