import { LocalAuthorizer } from '@coffer/access-feature';
import type { Authorizer } from '@coffer/contracts';
import { CofferError } from '@coffer/kernel';

const vaultsAlone = new LocalAuthorizer({
  grantsOf: () => Promise.reject(new CofferError('ServiceUnavailable', 'Role assignments are not decided on here.')),
});

/** Decides on what the vault itself says; a service without operations outside vaults needs no policy engine. */
export const pureAuthorizer: Authorizer = vaultsAlone;
