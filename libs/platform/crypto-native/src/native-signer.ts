import { availableParallelism } from 'node:os';
import type { DigestSigner, SigningKey } from '@coffer/contracts';
import type { SecretBytes } from '@coffer/kernel';
import { loadAddon, type Addon, type AddonKey } from './addon.js';
import { NativeKey } from './native-key.js';
import { SigningQueue, type QueueOptions } from './signing-queue.js';

/** Defaults: 8 signatures per core in the thread pool, 512 per core waiting. */
export type NativeSignerOptions = Partial<QueueOptions>;

/** The signer, or why this machine has none. */
export type NativeSigner = { readonly signer: DigestSigner } | { readonly signer: undefined; readonly reason: string };

/** Signs by the OpenSSL inside Node where the addon was built: P-256 at once, everything else on Node's thread pool. */
export function loadNativeSigner(options: NativeSignerOptions = {}): NativeSigner {
  const loaded = loadAddon();
  if ('reason' in loaded) return { signer: undefined, reason: loaded.reason };
  const { addon } = loaded;
  const cores = availableParallelism();
  const queue = new SigningQueue({ window: 8 * cores, maxPending: 512 * cores, ...options });
  return {
    signer: {
      load: (privateKey) => loadKey(addon, queue, privateKey),
      close: () => {
        queue.close();
      },
    },
  };
}

function loadKey(addon: Addon, queue: SigningQueue, privateKey: SecretBytes): SigningKey | undefined {
  let key: AddonKey;
  try {
    key = addon.load(privateKey.expose());
  } catch {
    return undefined;
  }
  return new NativeKey(addon, queue, key);
}
