import { keyFormatOf, type ExportWrap } from '@coffer/contracts';
import { CofferError, isCofferError, toUnixSeconds } from '@coffer/kernel';
import {
  assertReleasable,
  keyNotFound,
  meetsReleasePolicy,
  recipientOf,
  rulesOfStored,
  type Recipient,
} from '@coffer/keys-domain';
import { nameKey } from '@coffer/wire';
import type { KeyMaterialRow } from '../postgres/key-row.js';
import { readReleasable } from '../postgres/read-releasable.js';
import { privateKeyOf } from './key-backup.js';
import { custodyOfRow, releaseOfRow, usageOfRow, viewOfRow, type KeyView } from './key-view.js';
import type { KeysPorts } from './ports.js';

/** Where a key is to go. */
export interface ReleaseTarget {
  /** Attestation token of the environment. */
  readonly target: string;
  /** Given back, so that the caller knows a fresh answer. */
  readonly nonce: string | undefined;
  readonly enc: ExportWrap;
}

export interface ReleaseRequestOf {
  readonly vaultId: string;
  readonly name: string;
  readonly version: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface ReleasedKey {
  readonly view: KeyView;
  /** For the recipient alone (`ExportWrap`). */
  readonly wrapped: Buffer;
  readonly recipient: Recipient;
}

/**
 * Hands an exportable key to an environment that fulfils its policy, wrapped to the key that the attestation names. Throws
 * KeyNotFound, KeyDisabled, KeyNotYetValid, KeyExpired, KeyOperationForbidden; ReleaseRefused when the attestation does not
 * do; ServiceUnavailable when it cannot be verified now.
 */
export async function keyRelease(
  ports: KeysPorts,
  request: ReleaseRequestOf,
  target: ReleaseTarget,
): Promise<ReleasedKey> {
  const { version } = await releasable(ports, request);
  const { authority, claims } = await ports.attestation.verify(target.target);
  // That may have taken a while: what holds is what is stored now.
  const row = await releasable(ports, { ...request, version });
  // Without a policy it was not releasable.
  const rules = row.release_policy === null ? [] : rulesOfStored(row.release_policy);
  if (!meetsReleasePolicy(rules, authority, claims)) {
    throw refused('does not meet key release policy requirements.');
  }
  const recipient = recipientOf(claims);
  if (recipient === undefined) throw noRecipient();
  return {
    view: await viewOfRow(ports.sealer, request.vaultId, row),
    wrapped: await wrapped(ports, request.vaultId, row, recipient, target.enc),
    recipient,
  };
}

async function releasable(
  ports: KeysPorts,
  { vaultId, name, version, now }: ReleaseRequestOf,
): Promise<KeyMaterialRow> {
  const row = await readReleasable(ports.database, vaultId, nameKey(name), version);
  if (row === undefined) throw keyNotFound(name, version);
  assertReleasable({ ...usageOfRow(row), ...releaseOfRow(row) }, toUnixSeconds(now));
  return row;
}

async function wrapped(
  ports: KeysPorts,
  vaultId: string,
  row: KeyMaterialRow,
  recipient: Recipient,
  enc: ExportWrap,
): Promise<Buffer> {
  const { provider } = ports;
  const privateKey = await privateKeyOf(ports, vaultId, row);
  try {
    const handle = provider.load(privateKey, keyFormatOf({ kty: row.public.kty, ...custodyOfRow(row) }));
    try {
      return await provider.exportWrapped(handle, recipient, enc);
    } finally {
      provider.release(handle);
    }
  } catch (error) {
    // Of the two, only the recipient's key comes from outside.
    throw isCofferError(error, 'BadParameter') ? noRecipient() : error;
  } finally {
    privateKey.destroy();
  }
}

function noRecipient(): CofferError {
  return refused('names no RSA key of at least 2048 bits for encryption in x-ms-runtime.keys.');
}

/** Tells what is missing, but nothing that the token says. */
function refused(why: string): CofferError {
  return new CofferError('ReleaseRefused', `Target environment attestation ${why}`);
}
