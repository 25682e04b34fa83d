import type { MaterialScope } from '@coffer/contracts';

/** What the private key's ciphertext is bound to besides its scope; PKCS#8 DER, of an oct key the key itself. */
export const PRIVATE_KEY = 'key';

export function keyScope(vaultId: string, objectId: string, version: string): MaterialScope {
  return { vaultId, kind: 'key', objectId, version };
}
