import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { CryptoProvider, KeyHandle, KeySpec } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';

/** A key both inside the provider and outside it, for node:crypto to check against. */
export interface SpecKey {
  readonly handle: KeyHandle;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const MESSAGE = Buffer.from('the message that is signed');

export function sha(bits: 256 | 384 | 512, message: string | Buffer = MESSAGE): Buffer {
  return createHash(`sha${bits}`).update(message).digest();
}

/** A key made by the provider. */
export async function generated(provider: CryptoProvider, spec: KeySpec): Promise<SpecKey> {
  return loaded(provider, (await provider.generate(spec)).privateKey);
}

/** A key made elsewhere: a private JWK as Node spells it. */
export function imported(provider: CryptoProvider, jwk: Record<string, string>): SpecKey {
  const der = createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'pkcs8' });
  return loaded(provider, SecretBytes.own(der));
}

function loaded(provider: CryptoProvider, pkcs8: SecretBytes): SpecKey {
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8.expose()), format: 'der', type: 'pkcs8' });
  const handle = provider.load(pkcs8);
  pkcs8.destroy();
  return { handle, privateKey, publicKey: createPublicKey(privateKey) };
}

/** A copy with one bit of one byte turned over. */
export function flipped(bytes: Uint8Array, index: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}
