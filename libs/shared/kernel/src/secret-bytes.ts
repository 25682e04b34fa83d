import { inspect } from 'node:util';

const REDACTED = '[SecretBytes]';

/**
 * Plaintext key material or a secret value. It redacts itself wherever text is made of it (`toString`, `toJSON`,
 * `util.inspect`), and `destroy` overwrites the bytes. Node may have copied them before (garbage collector, OpenSSL):
 * wiping is best effort, see docs/threat-model.md.
 */
export class SecretBytes {
  readonly #bytes: Buffer;
  #destroyed = false;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes ownership of `bytes`: the caller must not keep or use them afterwards. */
  static own(bytes: Uint8Array): SecretBytes {
    return new SecretBytes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** Copies `bytes`. */
  static copyOf(bytes: Uint8Array): SecretBytes {
    return new SecretBytes(Buffer.from(bytes));
  }

  static fromUtf8(text: string): SecretBytes {
    return new SecretBytes(Buffer.from(text, 'utf8'));
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The plaintext itself, not a copy. Throws once destroyed, so that zeroes are never taken for a key. */
  expose(): Buffer {
    if (this.#destroyed) throw new Error('SecretBytes used after destroy');
    return this.#bytes;
  }

  destroy(): void {
    this.#bytes.fill(0);
    this.#destroyed = true;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
