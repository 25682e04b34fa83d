import type { CryptoProvider, KeyHandle } from '@coffer/contracts';
import { toUnixSeconds, type SecretBytes } from '@coffer/kernel';
import { assertUsable, keyNotFound, type CryptoOp } from '@coffer/keys-domain';
import { nameKey } from '@coffer/wire';
import type { KeyCache } from './key-cache.js';

/** Checked input of a cryptographic operation. */
export interface CryptoInput {
  /** As the provider names it; whether it exists and fits the key is the provider's to say. */
  readonly alg: string;
  /** Digest to sign, signature to verify, plaintext, ciphertext, key to wrap or unwrap. */
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

export interface CryptoResult {
  readonly name: string;
  readonly version: string;
  /** base64url without padding; for verify whether the signature is good. */
  readonly value: string | boolean;
}

type Work = (provider: CryptoProvider, handle: KeyHandle, input: CryptoInput) => Promise<string | boolean>;

const NO_DIGEST = new Uint8Array(0);

const works: Readonly<Record<CryptoOp, Work>> = {
  sign: async (provider, handle, { alg, value }) => encoded(await provider.sign(handle, alg, value)),
  verify: (provider, handle, { alg, value, digest }) => provider.verify(handle, alg, digest ?? NO_DIGEST, value),
  encrypt: async (provider, handle, { alg, value }) => encoded(await provider.encrypt(handle, alg, value)),
  decrypt: async (provider, handle, { alg, value }) => revealed(await provider.decrypt(handle, alg, value)),
  wrapKey: async (provider, handle, { alg, value }) => encoded(await provider.wrapKey(handle, alg, value)),
  unwrapKey: async (provider, handle, { alg, value }) => revealed(await provider.unwrapKey(handle, alg, value)),
};

function encoded(bytes: Buffer): string {
  return bytes.toString('base64url');
}

/** The caller's answer: from here on the plaintext is theirs. */
function revealed(plaintext: SecretBytes): string {
  try {
    return encoded(plaintext.expose());
  } finally {
    plaintext.destroy();
  }
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
      const value = await works[op](this.provider, key.handle, request);
      return { name: key.name, version: key.version, value };
    });
    if (result === undefined) throw keyNotFound(name, version);
    return result;
  }
}
