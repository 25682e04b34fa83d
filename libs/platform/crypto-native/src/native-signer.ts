import { availableParallelism } from 'node:os';
import type { Curve, DigestSigner, SigningKey, VerifyingKey } from '@coffer/contracts';
import { CofferError, type SecretBytes } from '@coffer/kernel';
import { loadAddon, type Addon, type AddonKey } from './addon.js';
import { HeldKey } from './held-key.js';
import { SigningQueue, type QueueOptions } from './signing-queue.js';

/** Defaults: 8 operations per core in the thread pool, 512 per core waiting. */
export type NativeSignerOptions = Partial<QueueOptions>;

/** The signer, or why this machine has none. */
export type NativeSigner = { readonly signer: DigestSigner } | { readonly signer: undefined; readonly reason: string };

/** OpenSSL's names. */
const groups: Readonly<Record<Curve, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  'P-256K': 'secp256k1',
};

/**
 * Signs, and verifies ECDSA, by the OpenSSL inside Node where the addon was built: P-256 at once, everything else on Node's
 * thread pool.
 */
export function loadNativeSigner(options: NativeSignerOptions = {}): NativeSigner {
  const loaded = loadAddon();
  if ('reason' in loaded) return { signer: undefined, reason: loaded.reason };
  const { addon } = loaded;
  const cores = availableParallelism();
  const queue = new SigningQueue({ window: 8 * cores, maxPending: 512 * cores, ...options });
  return {
    signer: {
      load: (privateKey) => loadKey(addon, queue, privateKey),
      loadPublic: (curve, point) => loadPublic(addon, queue, curve, point),
      close: () => {
        queue.close();
      },
    },
  };
}

function loadKey(addon: Addon, queue: SigningQueue, privateKey: SecretBytes): SigningKey | undefined {
  const key = attempt(() => addon.load(privateKey.expose()));
  if (key === undefined) return undefined;
  const held = new HeldKey(addon, queue, key, unsigned);
  return {
    sign: (alg, digest) => held.use((own, bytes) => addon.signDigest(own, alg, bytes), digest),
    release: () => {
      held.release();
    },
  };
}

function loadPublic(addon: Addon, queue: SigningQueue, curve: Curve, point: Uint8Array): VerifyingKey | undefined {
  const key = attempt(() => addon.loadPoint(groups[curve], point));
  if (key === undefined) return undefined;
  const held = new HeldKey(addon, queue, key, unchecked);
  return {
    verify: (alg, digest, signature) =>
      held.use((own, ...bytes) => addon.verifyDigest(own, alg, ...bytes), digest, signature),
    release: () => {
      held.release();
    },
  };
}

function attempt(load: () => AddonKey): AddonKey | undefined {
  try {
    return load();
  } catch {
    return undefined;
  }
}

function unsigned(): CofferError {
  return new CofferError('Internal', 'The signature could not be made.');
}

function unchecked(): CofferError {
  return new CofferError('Internal', 'The signature could not be checked.');
}
