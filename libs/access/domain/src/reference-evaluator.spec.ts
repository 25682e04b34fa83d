import type { PolicyPermission, VaultPolicy } from './access-policy.js';
import type { Caller } from './caller.js';
import type { RoleGrant } from './authorize-at-scope.js';
import { builtInRoles } from './role-definition.js';

/**
 * The rules of both decisions in the plainest form, for tests only: no index, no cache, no expression. The production
 * functions must agree with it on every input.
 */
export function referenceInVault(caller: Caller, access: PolicyPermission, vault: VaultPolicy): boolean {
  if (vault.enableRbacAuthorization) return false;
  return vault.accessPolicies.some((entry) => {
    const sameTenant = same(entry.tenantId, caller.tid);
    const isCaller = [caller.oid, ...caller.groups].some((id) => same(id, entry.objectId));
    const application =
      entry.applicationId === undefined ||
      (caller.onBehalfOf && caller.appid !== undefined && same(caller.appid, entry.applicationId));
    const named = (entry.permissions[access.object] ?? []).some((name) => same(name, access.permission));
    const all = (entry.permissions[access.object] ?? []).some((name) => same(name, 'all'));
    return sameTenant && isCaller && application && (named || (all && !same(access.permission, 'purge')));
  });
}

export function referenceAtScope(caller: Caller, action: string, scope: string, grants: readonly RoleGrant[]): boolean {
  return grants.some((grant) => {
    const role = builtInRoles.find((candidate) => same(candidate.id, grant.roleDefinitionId.split('/').at(-1) ?? ''));
    return (
      action !== '' &&
      role !== undefined &&
      [caller.oid, ...caller.groups].some((id) => same(id, grant.principalId)) &&
      covers(segments(grant.scope), segments(scope)) &&
      role.actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      !role.notActions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()))
    );
  });
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function segments(scope: string): string[] {
  return scope.split('/').filter((segment) => segment !== '');
}

function covers(outer: readonly string[], inner: readonly string[]): boolean {
  return outer.every((segment, i) => same(segment, inner[i] ?? ''));
}

function matches(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  const rest = pattern.slice(1);
  if (pattern.startsWith('*')) return matches(rest, text) || (text !== '' && matches(pattern, text.slice(1)));
  return text.startsWith(pattern.charAt(0)) && matches(rest, text.slice(1));
}
