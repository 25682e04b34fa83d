import { CofferError } from '@coffer/kernel';
import type { DataObject } from './operation.js';
import type { Principal } from './principal.js';

function caller(principal: Principal): string {
  return `appid=${principal.appid ?? ''};oid=${principal.oid}`;
}

/** 403 of a vault host, also of a vault that does not exist: both read alike, so 403 is no oracle. */
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

/** 403 of ARM and of Coffer's own administration. */
export function armDenial(principal: Principal, action: string, scope: string): CofferError {
  return new CofferError(
    'AuthorizationFailed',
    `The client '${principal.appid ?? principal.oid}' with object id '${principal.oid}' does not have authorization to perform action ` +
      `'${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}
