import type { MaterialRow } from '@coffer/event-sourcing';
import { newId, type SecretBytes } from '@coffer/kernel';
import type { DataKey, MaterialScope, Sealer } from './sealer.js';

const NOTHING = Buffer.alloc(0);

/** The object's own DEK: descriptive text of all its events. */
export function objectScope(vaultId: string, objectId: string): MaterialScope {
  return { vaultId, kind: 'object', objectId, version: '' };
}

/** Row that carries the object's DEK and no ciphertext. */
export function objectDekRow(objectId: string, dek: DataKey): MaterialRow {
  return { materialId: newId(), objectId, kind: 'object', version: '', ...dek.wrapped, ciphertext: NOTHING };
}

/** Seals plaintext under a DEK minted for this scope alone. */
export async function sealMaterial(
  sealer: Sealer,
  scope: MaterialScope,
  plaintext: SecretBytes,
  purpose: string,
): Promise<MaterialRow> {
  const { objectId, kind, version } = scope;
  const dek = await sealer.mint(scope);
  return {
    materialId: newId(),
    objectId,
    kind,
    version,
    ...dek.wrapped,
    ciphertext: dek.encrypt(plaintext.expose(), purpose),
  };
}
