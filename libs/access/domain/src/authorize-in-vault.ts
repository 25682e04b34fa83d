import {
  NOT_IN_ALL,
  type PolicyEntry,
  type PolicyObject,
  type PolicyPermission,
  type VaultPolicy,
} from './access-policy.js';
import type { Caller } from './caller.js';
import { allowedByPolicy, noMatchingPolicy, noValidRbac, type AccessDecision } from './decision.js';

/** An entry made ready for lookup: everything lower-case, permissions as sets. */
interface CompiledEntry {
  readonly tenantId: string;
  readonly applicationId: string | undefined;
  readonly granted: Readonly<Partial<Record<PolicyObject, ReadonlySet<string>>>>;
}

/** Entries by lower-case objectId. */
type CompiledPolicies = ReadonlyMap<string, readonly CompiledEntry[]>;

/** A snapshot's list is immutable, so its compiled form lives exactly as long as the list does. */
const compiled = new WeakMap<readonly PolicyEntry[], CompiledPolicies>();

/**
 * May the caller do this in the vault, by its access policies (azure-api c.3)? Deny by default.
 *
 * - An entry applies when its tenant is the caller's and its objectId is the caller or one of the caller's groups.
 * - An entry with an `applicationId` applies only to an on-behalf-of token of that application.
 * - `all` grants everything of its object kind except `purge`.
 * - With `enableRbacAuthorization` the policies are ignored, whatever they say.
 */
export function authorizeInVault(caller: Caller, access: PolicyPermission, vault: VaultPolicy): AccessDecision {
  if (vault.enableRbacAuthorization) return noValidRbac;
  if (vault.accessPolicies.length === 0) return noMatchingPolicy;
  const policies = compiledPolicies(vault.accessPolicies);
  const permission = access.permission.toLowerCase();
  if (grants(policies.get(caller.oid.toLowerCase()), caller, access.object, permission)) return allowedByPolicy;
  for (const group of caller.groups) {
    if (grants(policies.get(group.toLowerCase()), caller, access.object, permission)) return allowedByPolicy;
  }
  return noMatchingPolicy;
}

function grants(
  entries: readonly CompiledEntry[] | undefined,
  caller: Caller,
  object: PolicyObject,
  permission: string,
): boolean {
  if (entries === undefined) return false;
  for (const entry of entries) {
    const granted = entry.granted[object];
    if (granted === undefined || !(granted.has(permission) || (granted.has('all') && permission !== NOT_IN_ALL)))
      continue;
    if (entry.tenantId === caller.tid.toLowerCase() && applicationFits(entry, caller)) return true;
  }
  return false;
}

function applicationFits(entry: CompiledEntry, caller: Caller): boolean {
  if (entry.applicationId === undefined) return true;
  return caller.onBehalfOf && caller.appid?.toLowerCase() === entry.applicationId;
}

function compiledPolicies(policies: readonly PolicyEntry[]): CompiledPolicies {
  let result = compiled.get(policies);
  if (result === undefined) {
    result = compile(policies);
    compiled.set(policies, result);
  }
  return result;
}

function compile(policies: readonly PolicyEntry[]): CompiledPolicies {
  const byObjectId = new Map<string, CompiledEntry[]>();
  for (const policy of policies) {
    const key = policy.objectId.toLowerCase();
    const entries = byObjectId.get(key) ?? [];
    entries.push({
      tenantId: policy.tenantId.toLowerCase(),
      applicationId: policy.applicationId?.toLowerCase(),
      granted: lowerCaseSets(policy.permissions),
    });
    byObjectId.set(key, entries);
  }
  return byObjectId;
}

function lowerCaseSets(permissions: PolicyEntry['permissions']): CompiledEntry['granted'] {
  const sets: Partial<Record<PolicyObject, ReadonlySet<string>>> = {};
  for (const object of ['keys', 'secrets', 'certificates', 'storage'] as const) {
    const names = permissions[object];
    if (names !== undefined && names.length > 0) sets[object] = new Set(names.map((name) => name.toLowerCase()));
  }
  return sets;
}
