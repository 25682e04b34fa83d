import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

declare const addonKey: unique symbol;
/** A private key, or a public point, in the addon. Its memory is freed with `release`, at the latest with the object. */
export interface AddonKey {
  readonly [addonKey]: never;
}

/** What native/module.c exports. Every function throws for arguments that are wrong, none shows more than which. */
export interface Addon {
  load(pkcs8: Uint8Array): AddonKey;
  /** `curve`: OpenSSL's name; the point uncompressed (SEC 1, 2.3.3). */
  loadPoint(curve: string, point: Uint8Array): AddonKey;
  runsInline(key: AddonKey): boolean;
  signDigest(key: AddonKey, alg: string, digest: Uint8Array): Buffer | Promise<Buffer>;
  verifyDigest(key: AddonKey, alg: string, digest: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  release(key: AddonKey): void;
}

/** Made by `npm run build:native`; the same path from src/ and from dist/. */
const FILE = fileURLToPath(new URL('../dist/signer.node', import.meta.url));

const functions: Readonly<Record<keyof Addon, true>> = {
  load: true,
  loadPoint: true,
  runsInline: true,
  signDigest: true,
  verifyDigest: true,
  release: true,
};

/** The addon, or why there is none. */
export function loadAddon(file = FILE): { readonly addon: Addon } | { readonly reason: string } {
  if (!existsSync(file)) return { reason: 'it is not built (npm run build:native)' };
  try {
    const addon = createRequire(import.meta.url)(file) as Addon;
    const isWhole = Object.keys(functions).every((name) => name in addon);
    return isWhole ? { addon } : { reason: 'it is of another version (npm run build:native)' };
  } catch (error) {
    return { reason: `it does not load: ${(error as Error).message}` };
  }
}
