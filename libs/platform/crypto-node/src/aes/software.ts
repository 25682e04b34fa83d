import { createCipheriv, createDecipheriv, type CipherGCMTypes, type KeyObject } from 'node:crypto';
import type { AesKey, GcmSealed, KeyWrapMode } from '@coffer/contracts';

/** Shorter tags are legal GCM and easier to forge (SP 800-38D appendix C); none is taken. */
const authTagLength = 16;

/** How OpenSSL's names end, and the initial values, which unwrapping finds again (RFC 3394 2.2.3.1, RFC 5649 3). */
const wraps = {
  kw: { name: 'wrap', iv: Buffer.alloc(8, 0xa6) },
  kwp: { name: 'wrap-pad', iv: Buffer.from('a65959a6', 'hex') },
} as const;

/** AES by node:crypto. */
export class SoftwareAes implements AesKey {
  readonly bytes: number;

  constructor(private readonly key: KeyObject) {
    this.bytes = key.symmetricKeySize ?? 0;
  }

  sealGcm(iv: Uint8Array, aad: Uint8Array | undefined, plaintext: Uint8Array): GcmSealed {
    const encryption = createCipheriv(this.#gcm, this.key, iv, { authTagLength });
    if (aad !== undefined) encryption.setAAD(aad);
    const value = encryption.update(plaintext);
    encryption.final(); // a stream: nothing is left, but the tag is complete
    return { value, tag: encryption.getAuthTag() };
  }

  openGcm(iv: Uint8Array, aad: Uint8Array | undefined, value: Uint8Array, tag: Uint8Array): Buffer | undefined {
    const decryption = createDecipheriv(this.#gcm, this.key, iv, { authTagLength });
    decryption.setAuthTag(tag);
    if (aad !== undefined) decryption.setAAD(aad);
    const plaintext = decryption.update(value);
    try {
      decryption.final();
      return plaintext;
    } catch {
      plaintext.fill(0);
      return undefined;
    }
  }

  sealCbc(iv: Uint8Array, blocks: Uint8Array): Buffer {
    return createCipheriv(this.#cbc, this.key, iv).setAutoPadding(false).update(blocks);
  }

  openCbc(iv: Uint8Array, blocks: Uint8Array): Buffer {
    return createDecipheriv(this.#cbc, this.key, iv).setAutoPadding(false).update(blocks);
  }

  /** The whole of it in one call: OpenSSL's wrap ciphers keep nothing between two. */
  wrap(mode: KeyWrapMode, key: Uint8Array): Buffer {
    return createCipheriv(this.#wrap(mode), this.key, wraps[mode].iv).update(key);
  }

  unwrap(mode: KeyWrapMode, wrapped: Uint8Array): Buffer | undefined {
    try {
      return createDecipheriv(this.#wrap(mode), this.key, wraps[mode].iv).update(wrapped);
    } catch {
      return undefined;
    }
  }

  get #gcm(): CipherGCMTypes {
    return `aes-${(this.bytes * 8) as 128 | 192 | 256}-gcm`;
  }

  get #cbc(): string {
    return `aes-${this.bytes * 8}-cbc`;
  }

  #wrap(mode: KeyWrapMode): string {
    return `id-aes${this.bytes * 8}-${wraps[mode].name}`;
  }
}
