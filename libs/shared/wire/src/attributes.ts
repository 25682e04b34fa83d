import type { VaultSnapshot } from './vault-snapshot.js';

/** Attributes of an object version in the domain's form: milliseconds are never used, IntDates are whole seconds (UTC). */
export interface ObjectAttributes {
  readonly enabled: boolean;
  /** Unix seconds. */
  readonly nbf?: number;
  /** Unix seconds. */
  readonly exp?: number;
  readonly created: number;
  readonly updated: number;
}

/** Wire form of attributes with the recovery level of their vault; absent members are left out, never null. */
export function toWireAttributes(
  attributes: ObjectAttributes,
  vault: Pick<VaultSnapshot, 'enableSoftDelete' | 'softDeleteRetentionInDays' | 'enablePurgeProtection'>,
  apiVersion: string,
): Record<string, unknown> {
  const { enabled, nbf, exp, created, updated } = attributes;
  return {
    enabled,
    ...(nbf === undefined ? {} : { nbf }),
    ...(exp === undefined ? {} : { exp }),
    created,
    updated,
    recoveryLevel: recoveryLevel(vault, apiVersion),
    ...(knowsRecoverableDays(apiVersion)
      ? { recoverableDays: vault.enableSoftDelete ? vault.softDeleteRetentionInDays : 0 }
      : {}),
  };
}

/** azure-api d.4; versions before 7.0 know only the names without "Customized". */
function recoveryLevel(
  vault: Pick<VaultSnapshot, 'enableSoftDelete' | 'softDeleteRetentionInDays' | 'enablePurgeProtection'>,
  apiVersion: string,
): string {
  if (!vault.enableSoftDelete) return 'Purgeable';
  const old = apiVersion.startsWith('2015-') || apiVersion.startsWith('2016-');
  const prefix = vault.softDeleteRetentionInDays < 90 && !old ? 'CustomizedRecoverable' : 'Recoverable';
  return vault.enablePurgeProtection ? prefix : `${prefix}+Purgeable`;
}

/** `recoverableDays` came with 7.1. */
function knowsRecoverableDays(apiVersion: string): boolean {
  return !(apiVersion.startsWith('2015-') || apiVersion.startsWith('2016-') || apiVersion === '7.0');
}
