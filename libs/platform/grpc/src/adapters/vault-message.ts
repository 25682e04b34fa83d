import type { VaultSnapshot } from '@coffer/wire';

type Policy = VaultSnapshot['accessPolicies'][number];

interface WirePolicy {
  readonly tenantId: string;
  readonly objectId: string;
  readonly applicationId: string;
  readonly keys: readonly string[];
  readonly secrets: readonly string[];
  readonly certificates: readonly string[];
  readonly storage: readonly string[];
}

/** `Vault` of proto/vault_directory.proto as the loader shows it. */
export interface VaultMessage {
  readonly vaultId: string;
  readonly name: string;
  readonly resourceId: string;
  readonly location: string;
  readonly tenantId: string;
  readonly sku: string;
  readonly state: string;
  readonly enableSoftDelete: boolean;
  readonly softDeleteRetentionInDays: number;
  readonly enablePurgeProtection: boolean;
  readonly enableRbacAuthorization: boolean;
  readonly accessPolicies: readonly WirePolicy[];
  readonly revision: number;
}

export function toVaultMessage(vault: VaultSnapshot): VaultMessage {
  return {
    ...vault,
    sku: vault.sku === 'premium' ? 'SKU_PREMIUM' : 'SKU_STANDARD',
    state: vault.state === 'active' ? 'STATE_ACTIVE' : 'STATE_DELETED',
    accessPolicies: vault.accessPolicies.map(({ tenantId, objectId, applicationId, permissions }) => ({
      tenantId,
      objectId,
      applicationId: applicationId ?? '',
      keys: permissions.keys ?? [],
      secrets: permissions.secrets ?? [],
      certificates: permissions.certificates ?? [],
      storage: permissions.storage ?? [],
    })),
  };
}

/** What is not active counts as deleted, also a state that this version does not know. */
export function fromVaultMessage(message: VaultMessage): VaultSnapshot {
  return {
    ...message,
    sku: message.sku === 'SKU_PREMIUM' ? 'premium' : 'standard',
    state: message.state === 'STATE_ACTIVE' ? 'active' : 'deleted',
    accessPolicies: message.accessPolicies.map(fromPolicy),
  };
}

function fromPolicy({ tenantId, objectId, applicationId, ...permissions }: WirePolicy): Policy {
  return { tenantId, objectId, ...(applicationId === '' ? {} : { applicationId }), permissions };
}
