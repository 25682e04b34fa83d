import type { CryptoProvider, NewKey, PrivateJwk } from '@coffer/contracts';
import {
  assertCustody,
  assertMadeHere,
  assertReleaseRequest,
  assertStays,
  keyOpsOf,
  type Custody,
} from '@coffer/keys-domain';
import type { Commander } from '@coffer/wire';
import type { KeyTransfer, Transfer } from './key-transfer.js';
import type { KeyView } from './key-view.js';
import type { Announce, NewVersion, NewVersions } from './new-version.js';

export interface ImportKey extends NewVersion {
  readonly brought: Brought;
  readonly custody: Custody;
}

/** A private key as it is, which is wiped when the import has ended, whatever its end; or one that only the provider opens. */
export type Brought = { readonly jwk: PrivateJwk } | { readonly transfer: Transfer };

export interface ImportPorts {
  readonly provider: CryptoProvider;
  readonly versions: NewVersions;
  readonly transfers: KeyTransfer;
}

/**
 * Takes a private key that the caller brings, as a key or as a new version of the key that holds the name. Throws
 * BadParameter for a key that nobody should have, what `KeyTransfer` throws about an exchange key,
 * ObjectIsDeletedButRecoverable, Throttled, Conflict.
 */
export async function keyImport(
  ports: ImportPorts,
  by: Commander,
  { brought, custody, ...wanted }: ImportKey,
  announce: Announce,
): Promise<KeyView> {
  try {
    // Before the work of checking primes.
    const { kty } = 'jwk' in brought ? brought.jwk : brought.transfer;
    assertCustody(kty, custody, ports.provider.hardware);
    assertStays(custody, wanted);
    assertMadeHere(keyOpsOf(kty, wanted.keyOps, wanted.exportable), 'imported');
    assertReleaseRequest(wanted);
    const wrappedBy = 'transfer' in brought ? brought.transfer.wrappedBy : undefined;
    const version = { ...wanted, origin: 'imported', wrappedBy } as const;
    return await ports.versions.add(by, version, () => opened(ports, by, brought, custody), announce);
  } finally {
    if ('jwk' in brought) for (const member of Object.values(brought.jwk.members)) member.fill(0);
  }
}

function opened(
  { provider, transfers }: ImportPorts,
  by: Commander,
  brought: Brought,
  custody: Custody,
): Promise<NewKey> {
  if ('jwk' in brought) return provider.import(brought.jwk, custody);
  return transfers.open(by.vaultId, brought.transfer, custody, by.now);
}
