import { CofferError } from '@coffer/kernel';

/** 3 to 24 letters, digits and hyphens; a letter first, a letter or digit last, no two hyphens in a row (azure-api d.3). */
const VAULT_NAME = /^(?=.{3,24}$)[a-z](?:-?[a-z0-9])*$/i;

export function isVaultName(name: string): boolean {
  return VAULT_NAME.test(name);
}

/** Returned as written; names compare case-insensitively. Throws VaultNameNotValid. */
export function requireVaultName(name: string): string {
  if (isVaultName(name)) return name;
  throw new CofferError('VaultNameNotValid', vaultNameRule(name));
}

/** Azure's text for an illegal vault name. */
export function vaultNameRule(name: string): string {
  return (
    `The vault name '${printable(name)}' is invalid. A vault's name must be between 3-24 alphanumeric characters. ` +
    'The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. ' +
    'Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742'
  );
}

/** A caller's text as it may stand in a message: short and without control characters. */
export function printable(text: string): string {
  return text.slice(0, 100).replace(/[^ -~]/g, '?');
}
