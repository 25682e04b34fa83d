import { defined } from '@coffer/kernel';
import type { AccessPolicy } from '@coffer/vaults-domain';
import { resourceIdOf, type VaultRow } from '../postgres/vault-row.js';

type Json = Record<string, unknown>;

/** What answers need besides the row. */
export interface VaultWire {
  readonly apiVersion: string;
  /** Data-plane URL of a vault, without trailing slash. */
  readonly vaultUrl: (name: string) => string;
}

const TYPE = 'Microsoft.KeyVault/vaults';

/** `Vault` of ARM (azure-api b.2); members that are not set, or newer than the api-version, are absent. */
export function toVault(row: VaultRow, { apiVersion, vaultUrl }: VaultWire): Json {
  const { settings } = row;
  const { enabledForDeployment = false, enabledForDiskEncryption, enabledForTemplateDeployment } = settings;
  return {
    id: resourceIdOf(row),
    name: row.name,
    type: TYPE,
    location: row.location,
    tags: row.tags,
    ...(isSince('2021-10-01', apiVersion) ? { systemData: systemData(row) } : {}),
    properties: {
      sku: { family: 'A', name: settings.sku },
      tenantId: settings.tenantId,
      ...(settings.networkAcls === undefined || !isSince('2018-02-14', apiVersion)
        ? {}
        : { networkAcls: settings.networkAcls }),
      accessPolicies: row.access_policies.map(toAccessPolicy),
      enabledForDeployment,
      ...defined({ enabledForDiskEncryption, enabledForTemplateDeployment }),
      enableSoftDelete: settings.enableSoftDelete,
      ...(settings.enablePurgeProtection ? { enablePurgeProtection: true } : {}),
      ...(isSince('2019-09-01', apiVersion)
        ? {
            ...(settings.enableSoftDelete ? { softDeleteRetentionInDays: settings.softDeleteRetentionInDays } : {}),
            enableRbacAuthorization: settings.enableRbacAuthorization,
            provisioningState: 'Succeeded',
          }
        : {}),
      vaultUri: `${vaultUrl(row.name)}/`,
      ...(isSince('2021-10-01', apiVersion) ? { publicNetworkAccess: settings.publicNetworkAccess ?? 'Enabled' } : {}),
    },
  };
}

/** `DeletedVault`. */
export function toDeletedVault(row: VaultRow): Json {
  const { settings } = row;
  return {
    id: `/subscriptions/${row.subscription_id}/providers/Microsoft.KeyVault/locations/${row.location}/deletedVaults/${row.name}`,
    name: row.name,
    type: 'Microsoft.KeyVault/deletedVaults',
    properties: {
      vaultId: resourceIdOf(row),
      location: row.location,
      tags: row.tags,
      deletionDate: row.deleted_at?.toISOString(),
      scheduledPurgeDate: row.scheduled_purge_at?.toISOString(),
      ...(settings.enablePurgeProtection ? { purgeProtectionEnabled: true } : {}),
    },
  };
}

/** `VaultAccessPolicyParameters` as an answer. */
export function toPolicyParameters(row: VaultRow): Json {
  return {
    id: `${resourceIdOf(row)}/accessPolicies/`,
    type: `${TYPE}/accessPolicies`,
    location: row.location,
    properties: { accessPolicies: row.access_policies.map(toAccessPolicy) },
  };
}

/** An item of the `resources` list. */
export function toResource(row: VaultRow): Json {
  return { id: resourceIdOf(row), name: row.name, type: TYPE, location: row.location, tags: row.tags };
}

function toAccessPolicy({ tenantId, objectId, applicationId, permissions }: AccessPolicy): Json {
  return { tenantId, objectId, ...defined({ applicationId }), permissions };
}

function systemData(row: VaultRow): Json {
  return {
    createdBy: row.created_by,
    createdByType: 'Application',
    createdAt: row.created_at.toISOString(),
    lastModifiedBy: row.modified_by,
    lastModifiedByType: 'Application',
    lastModifiedAt: row.modified_at.toISOString(),
  };
}

function isSince(version: string, apiVersion: string): boolean {
  return apiVersion.slice(0, 10) >= version;
}
