import type { CofferError } from '@coffer/kernel';
import type { Addon, AddonKey } from './addon.js';
import type { SigningQueue } from './signing-queue.js';

/** What is done with the key and copies, or views, of the `bytes`; a promise when the key works on the thread pool. */
export type Work<T, Bytes extends Uint8Array[]> = (key: AddonKey, ...bytes: Bytes) => T | Promise<T>;

/** A key in the addon. It goes with the last operation that was asked for before its release. */
export class HeldKey {
  readonly #inline: boolean;
  #pending = 0;
  #released = false;

  constructor(
    private readonly addon: Addon,
    private readonly queue: SigningQueue,
    private readonly key: AddonKey,
    /** Without the cause: a caller whose arguments are right can do nothing about it. */
    private readonly failed: () => CofferError,
  ) {
    this.#inline = addon.runsInline(key);
  }

  use<T, Bytes extends Uint8Array[]>(work: Work<T, Bytes>, ...bytes: Bytes): T | Promise<T> {
    if (this.#released) throw this.failed();
    return this.#inline ? this.#now(work, bytes) : this.#later(work, bytes);
  }

  release(): void {
    this.#released = true;
    this.#free();
  }

  #now<T, Bytes extends Uint8Array[]>(work: Work<T, Bytes>, bytes: Bytes): T | Promise<T> {
    try {
      return work(this.key, ...bytes);
    } catch {
      throw this.failed();
    }
  }

  async #later<T, Bytes extends Uint8Array[]>(work: Work<T, Bytes>, bytes: Bytes): Promise<T> {
    const copies = bytes.map((each) => new Uint8Array(each)) as Bytes; // the caller may reuse his bytes while this waits
    this.#pending += 1;
    try {
      return await this.queue.run(async () => work(this.key, ...copies), this.failed);
    } finally {
      this.#pending -= 1;
      this.#free();
    }
  }

  #free(): void {
    if (this.#released && this.#pending === 0) this.addon.release(this.key);
  }
}
