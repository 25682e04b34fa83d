import type { KeySpec, NewKey, OctMember } from '@coffer/contracts';
import { invalidProperty, SecretBytes } from '@coffer/kernel';
import { octSizeOf } from '../loaded-key.js';

/** A symmetric key of 128, 192 or 256 bits (RFC 7518 §6.4); every byte counts. Throws BadParameter. */
export function importOct({ k }: Readonly<Record<OctMember, Uint8Array>>): NewKey {
  const keySize = octSizeOf(k.length * 8);
  if (keySize === undefined) throw invalidProperty('key.k', 'The size of an oct key must be 128, 192 or 256 bits.');
  const spec: KeySpec = { kty: 'oct', keySize };
  return { spec, public: { kty: 'oct' }, privateKey: SecretBytes.copyOf(k) };
}
