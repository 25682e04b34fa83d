import { CofferError, isUuid } from '@coffer/kernel';
import { armScope, type RequestContext } from '@coffer/wire';

/** Names of resource groups and vaults; nothing that could pass for two segments of a path. */
const SEGMENT = /^[\w().-]{1,90}$/;

/** The scope that the path names, where the caller has been authorized. Throws ArmBadRequest for one that cannot exist. */
export function requestScope({ params }: Pick<RequestContext, 'params'>): string {
  const { subscriptionId, resourceGroup, vaultName } = params;
  if (subscriptionId !== undefined && !isUuid(subscriptionId)) {
    throw new CofferError('ArmBadRequest', 'A subscription id must be a GUID.');
  }
  for (const name of [resourceGroup, vaultName]) {
    if (name !== undefined && !SEGMENT.test(name)) {
      throw new CofferError('ArmBadRequest', 'The scope of the request is not valid.');
    }
  }
  return armScope(params);
}

/** The GUID of a role assignment, lower-case. Throws ArmBadRequest. */
export function assignmentName({ params }: Pick<RequestContext, 'params'>): string {
  const name = params['assignmentName'] ?? '';
  if (isUuid(name)) return name.toLowerCase();
  const shown = name.slice(0, 100).replace(/[^ -~]/g, '?');
  throw new CofferError('ArmBadRequest', `The role assignment ID '${shown}' is not valid.`);
}
