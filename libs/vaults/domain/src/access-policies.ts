import { CofferError, isUuid } from '@coffer/kernel';
import { expandAll, isPermission, permissionKinds, type PermissionKind } from './permissions.js';
import { printable } from './vault-name.js';

/** One access policy entry, echoed as it was written (azure-api b.2). */
export interface AccessPolicy {
  readonly tenantId: string;
  /** Object id of a user, group or service principal; under AD FS a SID, so any text. */
  readonly objectId: string;
  readonly applicationId?: string;
  readonly permissions: Permissions;
}

export type Permissions = Readonly<Partial<Record<PermissionKind, readonly string[]>>>;

/** The three ways of `PUT …/accessPolicies/{kind}`. */
export type AccessPolicyUpdateKind = 'add' | 'replace' | 'remove';

const MOST = 1024;

/** Checks a list of entries. Throws ArmBadRequest. */
export function requireAccessPolicies(policies: readonly AccessPolicy[]): readonly AccessPolicy[] {
  if (policies.length > MOST) bad(`A vault can have at most ${MOST} access policies.`);
  for (const policy of policies) {
    if (!isUuid(policy.tenantId)) bad('An invalid value was provided for "accessPolicies.tenantId".');
    if (policy.objectId === '' || policy.objectId.length > 256) {
      bad('An invalid value was provided for "accessPolicies.objectId".');
    }
    if (policy.applicationId !== undefined && !isUuid(policy.applicationId)) {
      bad('An invalid value was provided for "accessPolicies.applicationId".');
    }
    for (const kind of permissionKinds) requirePermissions(kind, policy.permissions[kind] ?? []);
  }
  return policies;
}

/**
 * The list after an update (azure-api b.2). Entries are the same when tenant, object and application are.
 * `add` joins permissions, `replace` puts the entry's permissions in the place of the old ones, `remove` takes permissions
 * away and drops an entry that is left with none; removing an entry without naming permissions drops it whole.
 */
export function updateAccessPolicies(
  present: readonly AccessPolicy[],
  kind: AccessPolicyUpdateKind,
  changes: readonly AccessPolicy[],
): readonly AccessPolicy[] {
  const update = { add: addEntry, replace: replaceEntry, remove: removeEntry }[kind];
  return requireAccessPolicies(changes.reduce(update, present));
}

function addEntry(present: readonly AccessPolicy[], change: AccessPolicy): readonly AccessPolicy[] {
  const at = present.findIndex((entry) => sameIdentity(entry, change));
  if (at === -1) return [...present, change];
  return present.map((entry, i) =>
    i === at
      ? { ...entry, permissions: mapKinds((kind) => union(entry.permissions[kind], change.permissions[kind])) }
      : entry,
  );
}

function replaceEntry(present: readonly AccessPolicy[], change: AccessPolicy): readonly AccessPolicy[] {
  const at = present.findIndex((entry) => sameIdentity(entry, change));
  if (at === -1) return [...present, change];
  return present.flatMap((entry, i) => (i === at ? [change] : sameIdentity(entry, change) ? [] : [entry]));
}

function removeEntry(present: readonly AccessPolicy[], change: AccessPolicy): readonly AccessPolicy[] {
  const whole = isEmpty(change.permissions);
  return present.flatMap((entry) => {
    if (!sameIdentity(entry, change)) return [entry];
    const permissions = mapKinds((kind) => without(kind, entry.permissions[kind], change.permissions[kind]));
    return whole || isEmpty(permissions) ? [] : [{ ...entry, permissions }];
  });
}

/** Removing one permission from `all` leaves the others by name: what was taken away must not stay granted. */
function without(
  kind: PermissionKind,
  have?: readonly string[],
  away?: readonly string[],
): readonly string[] | undefined {
  if (have === undefined || away === undefined || away.length === 0) return have;
  const gone = new Set(away.map((name) => name.toLowerCase()));
  if (gone.has('all')) return have.filter((name) => name.toLowerCase() === 'purge' && !gone.has('purge'));
  const named = new Set(expandAll(kind).map((name) => name.toLowerCase()));
  const touchesAll = [...gone].some((name) => named.has(name));
  const spelled = have.flatMap((name) => (name.toLowerCase() === 'all' && touchesAll ? expandAll(kind) : [name]));
  return union([], spelled)?.filter((name) => !gone.has(name.toLowerCase()));
}

function union(have?: readonly string[], more?: readonly string[]): readonly string[] | undefined {
  if (have === undefined || more === undefined) return have ?? more;
  const seen = new Set<string>();
  return [...have, ...more].filter((name) => {
    const key = name.toLowerCase();
    return !seen.has(key) && seen.add(key).size > 0;
  });
}

function mapKinds(of: (kind: PermissionKind) => readonly string[] | undefined): Permissions {
  return Object.fromEntries(
    permissionKinds.flatMap((kind) => {
      const names = of(kind);
      return names === undefined ? [] : [[kind, names]];
    }),
  );
}

function isEmpty(permissions: Permissions): boolean {
  return permissionKinds.every((kind) => (permissions[kind] ?? []).length === 0);
}

function sameIdentity(a: AccessPolicy, b: AccessPolicy): boolean {
  return (
    a.tenantId.toLowerCase() === b.tenantId.toLowerCase() &&
    a.objectId.toLowerCase() === b.objectId.toLowerCase() &&
    a.applicationId?.toLowerCase() === b.applicationId?.toLowerCase()
  );
}

function requirePermissions(kind: PermissionKind, names: readonly string[]): void {
  if (names.length > 64) bad(`An access policy can name at most 64 ${kind} permissions.`);
  const unknown = names.find((name) => !isPermission(kind, name));
  if (unknown !== undefined) bad(`An invalid value was provided for "permissions.${kind}": '${printable(unknown)}'.`);
}

function bad(message: string): never {
  throw new CofferError('ArmBadRequest', message);
}
