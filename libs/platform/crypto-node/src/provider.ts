import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { CryptoProvider, DigestSigner, KeyHandle } from '@coffer/contracts';
import { CofferError } from '@coffer/kernel';
import { cipherAlgorithms, keyWrapAlgorithms } from './algorithms/aes.js';
import { encryptAlgorithms, wrapAlgorithms } from './algorithms/encrypt.js';
import { macAlgorithms } from './algorithms/mac.js';
import { signAlgorithms } from './algorithms/sign.js';
import { privateJwkOf, wipe } from './import/import-pkcs8.js';
import { KeyGenerator } from './key-generator.js';
import { loadKey, type LoadedKey } from './loaded-key.js';
import { exportWrapped } from './operations/export-wrapped.js';
import { unwrapTransfer } from './operations/unwrap-transfer.js';
import * as oct from './operations/oct-keys.js';
import { RsaBlocks } from './operations/rsa-blocks.js';
import { Signatures } from './operations/signatures.js';
import { CryptoPool, type PoolOptions } from './pool/crypto-pool.js';

export interface CryptoProviderOptions extends PoolOptions {
  /** RSA keys generated at a time. Defaults to half of the cores. */
  readonly generations?: number;
  /** Makes the signatures, instead of JavaScript (EC) and the worker threads (RSA), and verifies those of EC. The provider closes it. */
  readonly signer?: DigestSigner;
}

/**
 * Cryptography by node:crypto (RSA, AES, HMAC) and @noble/curves (ECDSA), keys in memory. RSA private operations run on worker
 * threads. A signer takes over the signatures and their verification with EC keys, and nothing else.
 */
export function createCryptoProvider(options: CryptoProviderOptions = {}): CryptoProvider {
  const pool = new CryptoPool(options);
  const generator = new KeyGenerator(options.generations ?? Math.max(1, Math.floor(availableParallelism() / 2)));
  const signatures = new Signatures(pool, signAlgorithms);
  const encryption = new RsaBlocks(pool, encryptAlgorithms, 'encryption');
  const wrapping = new RsaBlocks(pool, wrapAlgorithms, 'key wrapping');
  /** What stands behind a handle; nothing of it can be reached through the handle itself. */
  const keys = new WeakMap<KeyHandle, LoadedKey>();

  const keyOf = (handle: KeyHandle): LoadedKey => {
    const key = keys.get(handle);
    if (key === undefined) throw new CofferError('Internal', 'The key handle is not loaded.');
    return key;
  };

  return {
    generate: (spec) => generator.generate(spec),
    import: (jwk) => generator.import(jwk),
    importWrapped: async (handle, wrapped, kty) => {
      const pkcs8 = await unwrapTransfer(wrapping, keyOf(handle), wrapped);
      const jwk = privateJwkOf(pkcs8, kty);
      try {
        return await generator.import(jwk);
      } finally {
        wipe(jwk);
      }
    },
    load: (privateKey, format = 'pkcs8') => {
      const key = loadKey(privateKey, format, options.signer);
      const handle: KeyHandle = Object.freeze({ public: key.public });
      keys.set(handle, key);
      return handle;
    },
    release: (handle) => {
      const key = keys.get(handle);
      if (key === undefined) return;
      keys.delete(handle);
      if (key.kty !== 'oct') key.signing?.release();
      if (key.kty === 'EC') key.verifying?.release();
      if (key.kty === 'RSA') pool.release(key);
    },
    sign: async (handle, alg, digest) => {
      const mac = macAlgorithms.get(alg);
      return mac === undefined ? signatures.sign(keyOf(handle), alg, digest) : oct.sign(keyOf(handle), mac, digest);
    },
    verify: async (handle, alg, digest, signature) => {
      const mac = macAlgorithms.get(alg);
      if (mac !== undefined) return oct.verify(keyOf(handle), mac, digest, signature);
      return signatures.verify(keyOf(handle), alg, digest, signature);
    },
    encrypt: (handle, alg, plaintext, parameters = {}) =>
      refusing(() => {
        const cipher = cipherAlgorithms.get(alg);
        if (cipher !== undefined) return oct.encrypt(keyOf(handle), cipher, plaintext, parameters);
        return { value: encryption.seal(keyOf(handle), alg, plaintext) };
      }),
    decrypt: async (handle, alg, ciphertext, parameters = {}) => {
      const cipher = cipherAlgorithms.get(alg);
      if (cipher !== undefined) return oct.decrypt(keyOf(handle), cipher, ciphertext, parameters);
      return encryption.open(keyOf(handle), alg, ciphertext);
    },
    wrapKey: (handle, alg, key) =>
      refusing(() => {
        const wrap = keyWrapAlgorithms.get(alg);
        return wrap === undefined ? wrapping.seal(keyOf(handle), alg, key) : oct.wrapKey(keyOf(handle), wrap, key);
      }),
    unwrapKey: async (handle, alg, wrapped) => {
      const wrap = keyWrapAlgorithms.get(alg);
      if (wrap !== undefined) return oct.unwrapKey(keyOf(handle), wrap, wrapped);
      return wrapping.open(keyOf(handle), alg, wrapped);
    },
    exportWrapped: (handle, recipient, wrap) => refusing(() => exportWrapped(keyOf(handle), recipient, wrap)),
    randomBytes: (count) => randomBytes(count),
    close: async () => {
      options.signer?.close();
      await Promise.all([pool.close(), generator.close()]);
    },
  };
}

/** The result of synchronous work as a promise: what it throws rejects. */
function refusing<T>(work: () => T): Promise<T> {
  return Promise.resolve().then(work);
}
