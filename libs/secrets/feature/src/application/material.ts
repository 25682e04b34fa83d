import type { MaterialScope } from '@coffer/contracts';

/** What a value's ciphertext is bound to besides its scope; UTF-8. */
export const SECRET_VALUE = 'value';

export function secretScope(vaultId: string, objectId: string, version: string): MaterialScope {
  return { vaultId, kind: 'secret', objectId, version };
}
