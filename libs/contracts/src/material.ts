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

/** What stands behind a name, or will: `newRows` are empty once it does. */
export interface Incarnation {
  readonly objectId: string;
  readonly objectDek: DataKey;
  readonly newRows: readonly MaterialRow[];
}

/** An object of a name that is free, with the row that its first event must bring. */
export async function newIncarnation(sealer: Sealer, vaultId: string): Promise<Incarnation> {
  const objectId = newId();
  const objectDek = await sealer.mint(objectScope(vaultId, objectId));
  return { objectId, objectDek, newRows: [objectDekRow(objectId, objectDek)] };
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
