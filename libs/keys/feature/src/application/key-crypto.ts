import type { Ciphertext, CryptoProvider, DecipherParameters, KeyHandle } from '@coffer/contracts';
import { toUnixSeconds, type SecretBytes } from '@coffer/kernel';
import { assertUsable, keyNotFound, type CryptoOp } from '@coffer/keys-domain';
import { nameKey } from '@coffer/wire';
import type { KeyCache } from './key-cache.js';

/** Checked input of a cryptographic operation; `iv`, `aad`, `tag` of encrypt and decrypt with AES only. */
export interface CryptoInput extends DecipherParameters {
  /** As the provider names it; whether it exists and fits the key is the provider's to say. */
  readonly alg: string;
  /** Digest (of HMAC any bytes) to sign, signature to verify, plaintext, ciphertext, key to wrap or unwrap. */
  readonly value: Uint8Array;
  /** Of verify only. */
  readonly digest?: Uint8Array;
}

export interface CryptoRequest extends CryptoInput {
  readonly vaultId: string;
  readonly name: string;
  readonly version: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** base64url without padding. */
export interface CryptoOutput {
  /** For verify whether the signature is good. */
  readonly value: string | boolean;
  readonly iv?: string;
  readonly tag?: string;
  readonly aad?: string;
}

export interface CryptoResult {
  readonly name: string;
  readonly version: string;
  readonly output: CryptoOutput;
}

type Work = (provider: CryptoProvider, handle: KeyHandle, input: CryptoInput) => Promise<CryptoOutput>;

const NO_DIGEST = new Uint8Array(0);

const works: Readonly<Record<CryptoOp, Work>> = {
  sign: async (provider, handle, { alg, value }) => encoded(await provider.sign(handle, alg, value)),
  verify: async (provider, handle, { alg, value, digest }) => ({
    value: await provider.verify(handle, alg, digest ?? NO_DIGEST, value),
  }),
  encrypt: async (provider, handle, input) =>
    encrypted(await provider.encrypt(handle, input.alg, input.value, input), input.aad),
  decrypt: async (provider, handle, input) => revealed(await provider.decrypt(handle, input.alg, input.value, input)),
  wrapKey: async (provider, handle, { alg, value }) => encoded(await provider.wrapKey(handle, alg, value)),
  unwrapKey: async (provider, handle, { alg, value }) => revealed(await provider.unwrapKey(handle, alg, value)),
};

function encoded(bytes: Buffer): CryptoOutput {
  return { value: base64url(bytes) };
}

/** With `aad` as it was given: what decrypting needs is then together. */
function encrypted({ value, iv, tag }: Ciphertext, aad: Uint8Array | undefined): CryptoOutput {
  return {
    value: base64url(value),
    ...(iv === undefined ? {} : { iv: base64url(iv) }),
    ...(tag === undefined ? {} : { tag: base64url(tag) }),
    ...(aad === undefined ? {} : { aad: base64url(aad) }),
  };
}

/** The caller's answer: from here on the plaintext is theirs. */
function revealed(plaintext: SecretBytes): CryptoOutput {
  try {
    return encoded(plaintext.expose());
  } finally {
    plaintext.destroy();
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/**
 * The six operations. Throws KeyNotFound, KeyDisabled, KeyNotYetValid, KeyExpired, KeyOperationForbidden, and what the
 * provider refuses with: BadParameter, Throttled.
 */
export class KeyCrypto {
  constructor(
    private readonly cache: KeyCache,
    private readonly provider: CryptoProvider,
  ) {}

  async run(op: CryptoOp, request: CryptoRequest): Promise<CryptoResult> {
    const { vaultId, name, version, now } = request;
    const result = await this.cache.use({ vaultId, nameKey: nameKey(name), version }, async (key) => {
      assertUsable(key, op, toUnixSeconds(now));
      const output = await works[op](this.provider, key.handle, request);
      return { name: key.name, version: key.version, output };
    });
    if (result === undefined) throw keyNotFound(name, version);
    return result;
  }
}
