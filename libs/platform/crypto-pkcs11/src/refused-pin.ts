import { createHash, timingSafeEqual } from 'node:crypto';

/** Remembers the PIN that a token did not take, for all its processes: a few more tries would lock the token. */
export class RefusedPin {
  #digest: Buffer | undefined;

  is(pin: Uint8Array): boolean {
    return this.#digest !== undefined && timingSafeEqual(this.#digest, digestOf(pin));
  }

  remember(pin: Uint8Array): void {
    this.#digest = digestOf(pin);
  }

  forget(): void {
    this.#digest = undefined;
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
