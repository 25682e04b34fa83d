import type { CryptoProvider, PrivateJwk } from '@coffer/contracts';
import { assertReleaseRequest, keyOpsOf } from '@coffer/keys-domain';
import type { Commander } from '@coffer/wire';
import type { KeyView } from './key-view.js';
import type { Announce, NewVersion, NewVersions } from './new-version.js';

export interface ImportKey extends NewVersion {
  /** Wiped when the import has ended, whatever its end. */
  readonly jwk: PrivateJwk;
}

/**
 * Takes a private key that the caller brings, as a key or as a new version of the key that holds the name. Throws
 * BadParameter for a key that nobody should have, ObjectIsDeletedButRecoverable, Throttled, Conflict.
 */
export async function keyImport(
  provider: CryptoProvider,
  versions: NewVersions,
  by: Commander,
  { jwk, ...wanted }: ImportKey,
  announce: Announce,
): Promise<KeyView> {
  try {
    // Before the work of checking primes.
    keyOpsOf(jwk.kty, wanted.keyOps, wanted.exportable);
    assertReleaseRequest(wanted);
    return await versions.add(by, { ...wanted, origin: 'imported' }, () => provider.import(jwk), announce);
  } finally {
    for (const member of Object.values(jwk.members)) member.fill(0);
  }
}
