import { AccessAdministration } from '@coffer/access-feature';
import { IdentityAdministration, newClientSecret, type Administrator } from '@coffer/identity-feature';
import type { Hosts } from '@coffer/wire';
import type { INestApplicationContext } from '@nestjs/common';
import type { Config } from './config/schema.js';
import type { DataDirectory } from './data-directory.js';
import { dev } from './dev.js';
import { rememberedSecret, writeEnvironmentFile } from './environment-file.js';
import { firstVaultName, hadVault, makeFirstVault } from './first-vault.js';
import type { VaultManagement } from './services/vault-management.js';

export interface FirstStartContext {
  readonly config: Config;
  readonly container: INestApplicationContext;
  readonly directory: DataDirectory;
  readonly hosts: Hosts;
  readonly vaults: VaultManagement;
}

export interface FirstStartResult {
  readonly administrator: Administrator;
  /** To be shown; present when the administrator was made by this start, or is the fixed one of --dev. */
  readonly secret: string | undefined;
  readonly vaultName: string;
}

/**
 * Makes what an installation begins with: the administrator with their roles, and a first vault (docs/adr/0002). Every step
 * may be repeated, so that a crash between any two of them is mended by the next start.
 */
export async function firstStart(context: FirstStartContext): Promise<FirstStartResult> {
  const { config, container, directory } = context;
  const identity = container.get(IdentityAdministration);
  const vaultName = firstVaultName(config);
  const known = await identity.administrator();
  if (known !== undefined && (await hadVault(context))) {
    return { administrator: known, secret: config.dev ? dev.administrator.secret : undefined, vaultName };
  }
  const secret = config.dev ? dev.administrator.secret : await secretToUse(directory.environmentFile);
  const options = config.dev ? dev.administrator : { secret };
  const { created, ...administrator } = await identity.ensureAdministrator(options);
  await container.get(AccessAdministration).assignOwner(administrator.objectId);
  await makeFirstVault({
    ...context,
    ...directory.installation,
    region: config.region,
    administrator: administrator.objectId,
    vaultName,
  });
  const shown = created || config.dev || (await identity.accepts(administrator.appId, secret));
  return { administrator, secret: shown ? secret : undefined, vaultName };
}

/** Written down before it is used: a crash after the administrator was made must not lose the only copy. */
async function secretToUse(environmentFile: string): Promise<string> {
  const remembered = await rememberedSecret(environmentFile);
  if (remembered !== undefined) return remembered;
  const secret = newClientSecret();
  await writeEnvironmentFile(environmentFile, [`AZURE_CLIENT_SECRET=${secret}`]);
  return secret;
}
