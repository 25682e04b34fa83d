import type { SigningKey } from '@coffer/contracts';
import type { Addon, AddonKey } from './addon.js';
import { failed, type SigningQueue } from './signing-queue.js';

export class NativeKey implements SigningKey {
  readonly #inline: boolean;
  #pending = 0;
  #released = false;

  constructor(
    private readonly addon: Addon,
    private readonly queue: SigningQueue,
    private readonly key: AddonKey,
  ) {
    this.#inline = addon.signsInline(key);
  }

  sign(alg: string, digest: Uint8Array): Buffer | Promise<Buffer> {
    if (this.#released) throw failed();
    return this.#inline ? this.#now(alg, digest) : this.#later(alg, digest);
  }

  release(): void {
    this.#released = true;
    this.#free();
  }

  #now(alg: string, digest: Uint8Array): Buffer {
    try {
      return this.addon.signDigest(this.key, alg, digest) as Buffer;
    } catch {
      throw failed();
    }
  }

  async #later(alg: string, digest: Uint8Array): Promise<Buffer> {
    const copy = new Uint8Array(digest); // the caller may reuse his bytes while this waits
    this.#pending += 1;
    try {
      return await this.queue.run(async () => this.addon.signDigest(this.key, alg, copy));
    } finally {
      this.#pending -= 1;
      this.#free();
    }
  }

  /** The key goes with the last signature that was asked for before its release. */
  #free(): void {
    if (this.#released && this.#pending === 0) this.addon.release(this.key);
  }
}
