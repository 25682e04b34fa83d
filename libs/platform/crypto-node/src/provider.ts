import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { CryptoProvider, Custody, DigestSigner, KeyFormat, KeyHandle, KeyModule, NewKey } from '@coffer/contracts';
import { CofferError, type SecretBytes } from '@coffer/kernel';
import { cipherAlgorithms, keyWrapAlgorithms } from './algorithms/aes.js';
import { encryptAlgorithms, wrapAlgorithms } from './algorithms/encrypt.js';
import { macAlgorithms } from './algorithms/mac.js';
import { signAlgorithms } from './algorithms/sign.js';
import { privateJwkOf, wipe } from './import/import-pkcs8.js';
import { KeyGenerator } from './key-generator.js';
import { loadFromModule, loadOct, loadPkcs8, type LoadedKey } from './loaded-key.js';
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
  /** Makes and holds the keys of the `-HSM` types. The provider closes it. */
  readonly module?: KeyModule | undefined;
}

/**
 * Cryptography by node:crypto (RSA, AES, HMAC) and @noble/curves (ECDSA), keys in memory. RSA private operations run on worker
 * threads. A signer takes over the signatures and their verification with EC keys, and nothing else; a module what needs the
 * private half of its own keys.
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

  const module = (): KeyModule => {
    if (options.module === undefined) throw noModule();
    return options.module;
  };
  /** A software key that goes on into the module, if that is where it is to live. */
  const kept = async (made: NewKey, { hsm }: Custody): Promise<NewKey> => {
    if (hsm !== true) return made;
    try {
      return await module().import(made);
    } finally {
      made.privateKey.destroy();
    }
  };
  const load = (privateKey: SecretBytes, format: KeyFormat): LoadedKey => {
    if (format === 'module') return loadFromModule(module(), privateKey, options.signer);
    return format === 'raw' ? loadOct(privateKey) : loadPkcs8(privateKey, options.signer);
  };

  return {
    hardware: options.module !== undefined,
    generate: async (spec) => (spec.hsm === true ? module().generate(spec) : generator.generate(spec)),
    import: async (jwk, custody = {}) => kept(await generator.import(jwk), custody),
    importWrapped: async (handle, wrapped, kty, custody = {}) => {
      const pkcs8 = await unwrapTransfer(wrapping, keyOf(handle), wrapped);
      const jwk = privateJwkOf(pkcs8, kty);
      try {
        return await kept(await generator.import(jwk), custody);
      } finally {
        wipe(jwk);
      }
    },
    load: (privateKey, format = 'pkcs8') => {
      const key = load(privateKey, format);
      const handle: KeyHandle = Object.freeze({
        public: key.public,
        ...(key.kty === 'oct' ? { keySize: key.aes.bytes * 8 } : {}),
      });
      keys.set(handle, key);
      return handle;
    },
    release: (handle) => {
      const key = keys.get(handle);
      if (key === undefined) return;
      keys.delete(handle);
      if (key.kty === 'oct') key.release();
      else key.signing?.release();
      if (key.kty === 'EC') key.verifying?.release();
      if (key.kty === 'RSA' && 'pooled' in key.custody) pool.release(key.custody.pooled);
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
      await Promise.all([pool.close(), generator.close(), options.module?.close()]);
    },
  };
}

function noModule(): CofferError {
  return new CofferError('ServiceUnavailable', 'The hardware security module that holds the key is not configured.');
}

/** The result of synchronous work as a promise: what it throws rejects. */
function refusing<T>(work: () => T | Promise<T>): Promise<T> {
  return Promise.resolve().then(work);
}
