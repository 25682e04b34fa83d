import { CofferError } from '@coffer/kernel';

/** What the data plane must know of a vault to authorize and answer a request; immutable per `revision`. */
export interface VaultSnapshot {
  readonly vaultId: string;
  /** As created; vault names compare case-insensitively. */
  readonly name: string;
  /** ARM id, `/subscriptions/…/resourceGroups/…/providers/Microsoft.KeyVault/vaults/{name}`. */
  readonly resourceId: string;
  readonly location: string;
  readonly tenantId: string;
  readonly sku: 'standard' | 'premium';
  /** A soft-deleted vault answers like one that does not exist. */
  readonly state: 'active' | 'deleted';
  readonly enableSoftDelete: boolean;
  /** Days, 7 to 90. */
  readonly softDeleteRetentionInDays: number;
  readonly enablePurgeProtection: boolean;
  readonly enableRbacAuthorization: boolean;
  readonly accessPolicies: readonly AccessPolicyEntry[];
  /** Version of the vault's stream: the policy revision that decisions and audit records name. */
  readonly revision: number;
}

export interface AccessPolicyEntry {
  readonly tenantId: string;
  readonly objectId: string;
  readonly applicationId?: string;
  readonly permissions: {
    readonly keys?: readonly string[];
    readonly secrets?: readonly string[];
    readonly certificates?: readonly string[];
    readonly storage?: readonly string[];
  };
}

/** The id of a vault that keeps what is deleted. Throws BadParameter where nothing is kept that could be listed (azure-api d.4). */
export function softDeleting({ vaultId, enableSoftDelete }: VaultSnapshot): string {
  if (!enableSoftDelete) throw new CofferError('BadParameter', 'Soft delete is not enabled on this vault.');
  return vaultId;
}
