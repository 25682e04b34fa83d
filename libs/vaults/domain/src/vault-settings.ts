import { CofferError, isUuid } from '@coffer/kernel';
import { requireNetworkRules, type NetworkRules } from './network-rules.js';
import { printable } from './vault-name.js';

/** Everything of a vault's properties but its access policies. */
export interface VaultSettings {
  readonly tenantId: string;
  readonly sku: 'standard' | 'premium';
  readonly enableSoftDelete: boolean;
  /** Days, 7 to 90; fixed at creation. */
  readonly softDeleteRetentionInDays: number;
  readonly enablePurgeProtection: boolean;
  readonly enableRbacAuthorization: boolean;
  readonly enabledForDeployment?: boolean;
  readonly enabledForDiskEncryption?: boolean;
  readonly enabledForTemplateDeployment?: boolean;
  readonly networkAcls?: NetworkRules;
  readonly publicNetworkAccess?: string;
}

/** Settings as a caller asks for them: absent means "not said". */
export type RequestedSettings = Readonly<Partial<Omit<VaultSettings, 'sku'>>> & { readonly sku?: string };

const LONGEST_RETENTION = 90;
const SHORTEST_RETENTION = 7;
/** From this api-version on a new vault is under RBAC unless the caller says otherwise (azure-api b.1). */
const RBAC_BY_DEFAULT_SINCE = '2026-02-01';

/** Settings of a new vault. Throws ArmBadRequest. */
export function newSettings(asked: RequestedSettings, apiVersion: string): VaultSettings {
  const retention = asked.softDeleteRetentionInDays ?? LONGEST_RETENTION;
  if (!Number.isInteger(retention) || retention < SHORTEST_RETENTION || retention > LONGEST_RETENTION) {
    bad(
      `The property "softDeleteRetentionInDays" must be between ${SHORTEST_RETENTION} and ${LONGEST_RETENTION} days, inclusive.`,
    );
  }
  return checked({
    tenantId: asked.tenantId ?? missing('tenantId'),
    sku: skuName(asked.sku ?? missing('sku')),
    enableSoftDelete: asked.enableSoftDelete ?? true,
    softDeleteRetentionInDays: retention,
    enablePurgeProtection: purgeProtection(asked, false),
    enableRbacAuthorization: asked.enableRbacAuthorization ?? apiVersion.slice(0, 10) >= RBAC_BY_DEFAULT_SINCE,
    ...optional(asked),
  });
}

/** PUT on an existing vault: optional settings are the request's; what protects the vault stays unless the request changes it. */
export function replacedSettings(present: VaultSettings, asked: RequestedSettings): VaultSettings {
  return checked({
    tenantId: asked.tenantId ?? missing('tenantId'),
    sku: skuName(asked.sku ?? missing('sku')),
    ...lasting(present, asked),
    ...optional(asked),
  });
}

/** PATCH: what the request does not mention stays. */
export function patchedSettings(present: VaultSettings, asked: RequestedSettings): VaultSettings {
  return checked({
    tenantId: asked.tenantId ?? present.tenantId,
    sku: asked.sku === undefined ? present.sku : skuName(asked.sku),
    ...lasting(present, asked),
    ...optional(present),
    ...optional(asked),
  });
}

/** Soft-delete and purge protection only ever tighten; the retention never changes (azure-api d.4). */
function lasting(present: VaultSettings, asked: RequestedSettings) {
  if (present.enableSoftDelete && asked.enableSoftDelete === false) {
    bad(
      'The property "enableSoftDelete" can be set to false only for creating new vault. ' +
        "Enabling the 'soft delete' functionality is an irreversible action.",
    );
  }
  const retention = asked.softDeleteRetentionInDays;
  if (retention !== undefined && retention !== present.softDeleteRetentionInDays) {
    bad('The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.');
  }
  return {
    enableSoftDelete: asked.enableSoftDelete ?? present.enableSoftDelete,
    softDeleteRetentionInDays: present.softDeleteRetentionInDays,
    enablePurgeProtection: purgeProtection(asked, present.enablePurgeProtection),
    enableRbacAuthorization: asked.enableRbacAuthorization ?? present.enableRbacAuthorization,
  };
}

function purgeProtection(asked: RequestedSettings, present: boolean): boolean {
  if (asked.enablePurgeProtection === false) {
    bad(
      'The property "enablePurgeProtection" cannot be set to false. ' +
        'Enabling the purge protection for a vault is an irreversible action.',
    );
  }
  return asked.enablePurgeProtection ?? present;
}

function checked(settings: VaultSettings): VaultSettings {
  if (!isUuid(settings.tenantId)) bad('An invalid value was provided for "tenantId".');
  if (settings.enablePurgeProtection && !settings.enableSoftDelete) {
    bad('The property "enablePurgeProtection" needs "enableSoftDelete".');
  }
  if (settings.networkAcls !== undefined) requireNetworkRules(settings.networkAcls);
  const access = settings.publicNetworkAccess;
  if (access !== undefined && !['enabled', 'disabled', 'securedbyperimeter'].includes(access.toLowerCase())) {
    bad(`An invalid value was provided for "publicNetworkAccess": '${printable(access)}'.`);
  }
  return settings;
}

function optional(from: RequestedSettings) {
  const { enabledForDeployment, enabledForDiskEncryption, enabledForTemplateDeployment } = from;
  const { networkAcls, publicNetworkAccess } = from;
  return {
    ...(enabledForDeployment === undefined ? {} : { enabledForDeployment }),
    ...(enabledForDiskEncryption === undefined ? {} : { enabledForDiskEncryption }),
    ...(enabledForTemplateDeployment === undefined ? {} : { enabledForTemplateDeployment }),
    ...(networkAcls === undefined ? {} : { networkAcls }),
    ...(publicNetworkAccess === undefined ? {} : { publicNetworkAccess }),
  };
}

function skuName(text: string): 'standard' | 'premium' {
  const name = text.toLowerCase();
  if (name === 'standard' || name === 'premium') return name;
  return bad(`The SKU '${printable(text)}' is not supported. Supported are 'standard' and 'premium'.`);
}

function missing(member: string): never {
  return bad(`The parameter ${member} is not specified.`);
}

function bad(message: string): never {
  throw new CofferError('ArmBadRequest', message);
}
