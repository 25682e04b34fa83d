import { eventSealer, type DataKey, type MaterialScope, type Sealer } from '@coffer/contracts';
import type { MaterialRow } from '@coffer/event-sourcing';
import { identityVaultId, type SealedPassword } from '@coffer/identity-domain';
import { CofferError, newId } from '@coffer/kernel';
import type { PasswordRow, PrincipalRow } from '../postgres/principals.js';

function scopeOf(objectId: string): MaterialScope {
  return { vaultId: identityVaultId, kind: 'identity', objectId, version: '' };
}

/** Mints the DEK of a new principal, with the row that keeps it. Deleting the row shreds everything sealed under it. */
export async function mintPrincipalKey(
  sealer: Sealer,
  objectId: string,
): Promise<{ readonly objectDek: DataKey; readonly material: MaterialRow }> {
  const key = await sealer.mint(scopeOf(objectId));
  const material: MaterialRow = {
    materialId: newId(),
    objectId,
    kind: 'identity',
    version: '',
    term: key.wrapped.term,
    wrappedDek: key.wrapped.wrappedDek,
    ciphertext: Buffer.alloc(0),
  };
  return { objectDek: key, material };
}

export async function openPrincipalKey(sealer: Sealer, principal: PrincipalRow): Promise<DataKey> {
  if (principal.dek === undefined) {
    throw new CofferError('PrincipalNotFound', `Resource '${principal.objectId}' does not exist.`);
  }
  return sealer.open(scopeOf(principal.objectId), principal.dek);
}

export function openPassword(key: DataKey, password: PasswordRow): SealedPassword {
  return eventSealer(key).unseal(password.sealed) as unknown as SealedPassword;
}
