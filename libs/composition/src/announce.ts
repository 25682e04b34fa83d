import type { Hosts } from '@coffer/wire';
import type { Certificates } from './certificates.js';
import type { Config } from './config/schema.js';
import type { DataDirectory } from './data-directory.js';
import { environmentLines, rememberedSecret, writeEnvironmentFile } from './environment-file.js';
import type { FirstStartResult } from './first-start.js';

export interface Announcement {
  readonly config: Config;
  readonly directory: DataDirectory;
  readonly hosts: Hosts;
  readonly certificates: Certificates | undefined;
  readonly first: FirstStartResult;
}

/** Tells the operator where Coffer is and how clients reach it; a new administrator's secret is shown this once. */
export async function announce({ config, directory, hosts, certificates, first }: Announcement): Promise<void> {
  const { environmentFile, installation } = directory;
  const lines = await environmentLines({
    caFile: certificates?.caFile,
    loginUrl: hosts.url('login'),
    clientId: first.administrator.appId,
    clientSecret: first.secret ?? (await rememberedSecret(environmentFile)),
    tenantId: installation.tenantId,
    subscriptionId: installation.subscriptionId,
    managementUrl: hosts.url('management'),
    vaultUrl: hosts.vaultUrl(first.vaultName),
  });
  await writeEnvironmentFile(environmentFile, lines);
  const shown = first.secret === undefined ? lines.filter((line) => !line.startsWith('AZURE_CLIENT_SECRET=')) : lines;
  const text = [
    `Coffer is ready: ${hosts.vaultUrl(first.vaultName)}`,
    '',
    ...(config.dev ? ['--dev: the credentials are public. Never use this for anything of value.', ''] : []),
    `Environment of the official clients, also in ${environmentFile}:`,
    ...shown.map((line) => `  ${line}`),
    ...(first.secret === undefined || config.dev
      ? []
      : ['', "The administrator's secret is shown this once. Move it from the file to a safe place."]),
    '',
  ];
  process.stdout.write(`${text.join('\n')}\n`);
}
