import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { CryptoProvider, Custody, KeyHandle, KeySpec, PrivateJwk } from '@coffer/contracts';
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

/** A key made by the provider; where it is to live in hardware, made in software and taken in: both halves are needed here. */
export async function generated(provider: CryptoProvider, spec: KeySpec, custody: Custody = {}): Promise<SpecKey> {
  return loaded(provider, (await provider.generate(spec)).privateKey, custody);
}

/** A key made elsewhere: a private JWK as Node spells it. */
export function imported(
  provider: CryptoProvider,
  jwk: Record<string, string>,
  custody: Custody = {},
): Promise<SpecKey> {
  const der = createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'pkcs8' });
  return loaded(provider, SecretBytes.own(der), custody);
}

async function loaded(provider: CryptoProvider, pkcs8: SecretBytes, custody: Custody): Promise<SpecKey> {
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8.expose()), format: 'der', type: 'pkcs8' });
  const handle = custody.hsm === true ? await takenIn(provider, privateKey, custody) : provider.load(pkcs8);
  pkcs8.destroy();
  return { handle, privateKey, publicKey: createPublicKey(privateKey) };
}

async function takenIn(provider: CryptoProvider, key: KeyObject, custody: Custody): Promise<KeyHandle> {
  const { kty, crv = '', ...members } = key.export({ format: 'jwk' }) as Record<string, string>;
  const decoded = Object.fromEntries(
    Object.entries(members).map(([name, text]) => [name, Buffer.from(text, 'base64url')]),
  );
  const jwk = { kty, crv: crv === 'secp256k1' ? 'P-256K' : crv, members: decoded } as unknown as PrivateJwk;
  return provider.load((await provider.import(jwk, custody)).privateKey, 'module');
}

/** A copy with one bit of one byte turned over. */
export function flipped(bytes: Uint8Array, index: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}
