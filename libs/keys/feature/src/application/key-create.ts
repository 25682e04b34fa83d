import type { CryptoProvider } from '@coffer/contracts';
import {
  assertCustody,
  assertReleaseRequest,
  assertStays,
  keyOpsOf,
  keySpecOf,
  type KeyRequest,
} from '@coffer/keys-domain';
import type { Commander } from '@coffer/wire';
import type { KeyView } from './key-view.js';
import type { Announce, NewVersion, NewVersions } from './new-version.js';

/** A create request whose members have the right types; what they mean is checked here and in the domain. */
export interface CreateKey extends KeyRequest, NewVersion {}

/**
 * Creates a key, or a new version of the key that holds the name. Throws BadParameter, ObjectIsDeletedButRecoverable,
 * Throttled, Conflict.
 */
export function keyCreate(
  provider: CryptoProvider,
  versions: NewVersions,
  by: Commander,
  request: CreateKey,
  announce: Announce,
): Promise<KeyView> {
  const spec = keySpecOf(request);
  // Refuses now what would be refused after the work of generating.
  assertCustody(spec.kty, spec, provider.hardware);
  keyOpsOf(spec.kty, request.keyOps, request.exportable);
  assertStays(spec, request);
  assertReleaseRequest(request);
  return versions.add(by, request, () => provider.generate(spec), announce);
}
