import { CofferError } from '@coffer/kernel';
import type { DataObject } from './operation.js';
import type { Principal } from './principal.js';
import type { VaultSnapshot } from './vault-snapshot.js';

function caller(principal: Principal): string {
  return `appid=${principal.appid ?? ''};oid=${principal.oid}`;
}

/** 403 of a vault under access policies, also of a vault that does not exist: both read alike, so 403 is no oracle. */
export function accessPolicyDenial(
  principal: Principal,
  access: { readonly object: DataObject; readonly permission: string },
  vaultName: string,
  location: string,
): CofferError {
  return new CofferError(
    'AccessDenied',
    `The user, group or application '${caller(principal)};numgroups=${principal.groups.length};iss=${principal.issuer}' ` +
      `does not have ${access.object} ${access.permission} permission on key vault '${vaultName};location=${location}'. ` +
      'For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287',
  );
}

/** 403 of a vault with `enableRbacAuthorization`. */
export function rbacDenial(
  principal: Principal,
  dataAction: string,
  vault: VaultSnapshot,
  path: string,
  reason: string,
): CofferError {
  return new CofferError(
    'ForbiddenByRbac',
    'Caller is not authorized to perform action on resource.\r\n' +
      'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n' +
      `Caller: ${caller(principal)};iss=${principal.issuer}\r\nAction: '${dataAction}'\r\n` +
      `Resource: '${vault.resourceId.toLowerCase()}${path.toLowerCase()}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\n` +
      `DecisionReason: '${reason}' \r\nVault: ${vault.name};location=${vault.location}\r\n`,
  );
}

/** 403 of ARM and of Coffer's own administration. */
export function armDenial(principal: Principal, action: string, scope: string): CofferError {
  return new CofferError(
    'AuthorizationFailed',
    `The client '${principal.appid ?? principal.oid}' with object id '${principal.oid}' does not have authorization to perform action ` +
      `'${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}
