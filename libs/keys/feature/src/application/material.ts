import { sealMaterial, type MaterialScope, type Sealer, type WrappedDataKey } from '@coffer/contracts';
import type { MaterialRow } from '@coffer/event-sourcing';
import type { SecretBytes } from '@coffer/kernel';

/** What the private key's ciphertext is bound to besides its scope; PKCS#8 DER, of an oct key the key itself. */
const PRIVATE_KEY = 'key';

/** One version of one incarnation of a key. */
export interface KeyVersionPlace {
  readonly vaultId: string;
  readonly objectId: string;
  readonly version: string;
}

/** The material row of a private key, under a DEK of its own. */
export function sealPrivateKey(sealer: Sealer, place: KeyVersionPlace, privateKey: SecretBytes): Promise<MaterialRow> {
  return sealMaterial(sealer, scopeOf(place), privateKey, PRIVATE_KEY);
}

/** The private key of a material row; the caller destroys it. Throws as `Sealer.open`, Internal for a changed ciphertext. */
export async function openPrivateKey(
  sealer: Sealer,
  place: KeyVersionPlace,
  wrapped: WrappedDataKey,
  ciphertext: Buffer,
): Promise<SecretBytes> {
  return (await sealer.open(scopeOf(place), wrapped)).decrypt(ciphertext, PRIVATE_KEY);
}

function scopeOf({ vaultId, objectId, version }: KeyVersionPlace): MaterialScope {
  return { vaultId, kind: 'key', objectId, version };
}
