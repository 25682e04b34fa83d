import { authorizeAtScope, authorizeInVault } from '@coffer/access-domain';
import type { Authorizer, Decision } from '@coffer/contracts';
import type { Access, Principal, VaultSnapshot } from '@coffer/wire';
import type { PolicySnapshots } from './policy-snapshots.js';

/** Decides in this process, on access policies that come with the vault and on role assignments of this service's log. */
export class LocalAuthorizer implements Authorizer {
  constructor(private readonly policies: Pick<PolicySnapshots, 'grantsOf'>) {}

  inVault(principal: Principal, access: Extract<Access, { plane: 'data' }>, vault: VaultSnapshot): Decision {
    const { effect, reason } = authorizeInVault(principal, access, vault);
    return { effect, reason, revision: String(vault.revision) };
  }

  /** Throws ServiceUnavailable when the policy cannot be read. */
  async atScope(principal: Principal, action: string, scope: string): Promise<Decision> {
    const { revision, grants } = await this.policies.grantsOf(principalsOf(principal));
    const { effect, reason } = authorizeAtScope(principal, action, scope, grants);
    return { effect, reason, revision: String(revision) };
  }
}

/** Lower-case ids whose grants are the principal's. */
export function principalsOf({ oid, groups }: Pick<Principal, 'oid' | 'groups'>): string[] {
  return [...new Set([oid, ...groups].map((id) => id.toLowerCase()))];
}
