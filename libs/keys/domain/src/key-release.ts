import { CofferError, defined } from '@coffer/kernel';
import type { Custody } from './key-spec.js';
import type { KeyUsage } from './key-usage.js';
import { assertReleasePolicy, DEFAULT_CONTENT_TYPE, type ReleasePolicy } from './release-policy.js';

/** What a key version has when it may leave the vault; both or none. */
export interface Releasable {
  /** Absent: it never leaves. */
  readonly exportable?: true;
  readonly releasePolicy?: ReleasePolicy;
}

/** What a request says about release; absent members say nothing. */
export interface ReleaseRequest {
  readonly exportable?: boolean | undefined;
  readonly releasePolicy?: Partial<ReleasePolicy> | undefined;
}

/**
 * What a new version gets. `latest` is the version before it: whether a key can leave, and a policy that is immutable, hold
 * for all that follow, too. Throws BadParameter.
 */
export function releaseOfNew(wanted: ReleaseRequest, latest: Releasable | undefined): Releasable {
  const { exportable = false, releasePolicy } = wanted;
  if (latest !== undefined && exportable !== (latest.exportable ?? false)) throw exportableIsFixed();
  assertReleaseRequest(wanted);
  if (!exportable || releasePolicy === undefined) return {};
  const policy = complete(releasePolicy, undefined);
  assertReleasePolicy(policy);
  if (latest?.releasePolicy?.immutable === true && !isSame(policy, latest.releasePolicy)) throw policyIsFixed();
  return { exportable, releasePolicy: policy };
}

/** Refuses that a key in hardware may leave: the modules that are used give out no key that they hold. Throws BadParameter. */
export function assertStays({ hsm }: Custody, { exportable = false }: ReleaseRequest): void {
  if (hsm === true && exportable) {
    throw new CofferError('BadParameter', 'A key in the hardware security module of this vault cannot be exportable.');
  }
}

/** What can be refused before a key has been made. Throws BadParameter. */
export function assertReleaseRequest({ exportable = false, releasePolicy }: ReleaseRequest): void {
  if (exportable && releasePolicy === undefined) {
    throw new CofferError('BadParameter', 'AKV.SKR.1004: Exportable keys must have release policy.');
  }
  if (!exportable && releasePolicy !== undefined) throw policyWithoutExport();
  if (releasePolicy !== undefined) assertReleasePolicy(complete(releasePolicy, undefined));
}

/** The policy that an update leads to; `undefined` when nothing changes. Throws BadParameter. */
export function changedRelease(wanted: ReleaseRequest, current: Releasable): ReleasePolicy | undefined {
  if (wanted.exportable !== undefined && wanted.exportable !== (current.exportable ?? false)) throw exportableIsFixed();
  if (wanted.releasePolicy === undefined) return undefined;
  if (current.releasePolicy === undefined) throw policyWithoutExport();
  const policy = complete(wanted.releasePolicy, current.releasePolicy);
  // What is there already may be from before a rule that it breaks.
  if (isSame(policy, current.releasePolicy)) return undefined;
  if (current.releasePolicy.immutable) throw policyIsFixed();
  assertReleasePolicy(policy);
  return policy;
}

/**
 * Refuses the release of a key version at `nowSeconds` (Unix seconds). A version that is not valid yet, or no more, stays:
 * what has left cannot be taken back. Throws KeyDisabled, KeyNotYetValid, KeyExpired, KeyOperationForbidden.
 */
export function assertReleasable(key: Omit<KeyUsage, 'keyOps'> & Releasable, nowSeconds: number): void {
  if (!key.enabled) throw new CofferError('KeyDisabled', 'Operation release is not allowed on a disabled key.');
  if (key.nbf !== undefined && nowSeconds < key.nbf) {
    throw new CofferError('KeyNotYetValid', 'Operation release is not allowed on a key that is not yet valid.');
  }
  if (key.exp !== undefined && nowSeconds >= key.exp) {
    throw new CofferError('KeyExpired', 'Operation release is not allowed on an expired key.');
  }
  if (key.releasePolicy === undefined) {
    throw new CofferError(
      'KeyOperationForbidden',
      'Operation release is not permitted on a key that is not exportable.',
    );
  }
}

/** The members of an event or a state. */
export function releaseMembers({ exportable, releasePolicy }: Releasable): Releasable {
  return defined({ exportable, releasePolicy });
}

function complete(wanted: Partial<ReleasePolicy>, before: ReleasePolicy | undefined): ReleasePolicy {
  return {
    contentType: wanted.contentType ?? before?.contentType ?? DEFAULT_CONTENT_TYPE,
    data: wanted.data ?? before?.data ?? '',
    immutable: wanted.immutable ?? before?.immutable ?? false,
  };
}

function isSame(a: ReleasePolicy, b: ReleasePolicy): boolean {
  return a.contentType === b.contentType && a.data === b.data && a.immutable === b.immutable;
}

function policyWithoutExport(): CofferError {
  return new CofferError('BadParameter', 'AKV.SKR.1005: Non-exportable keys must not have release policy.');
}

function exportableIsFixed(): CofferError {
  return new CofferError(
    'BadParameter',
    'AKV.SKR.1003: The exportable attribute of an existing key cannot be changed.',
  );
}

function policyIsFixed(): CofferError {
  return new CofferError('BadParameter', 'AKV.SKR.1020: Immutable Key Release Policy cannot be modified.');
}
