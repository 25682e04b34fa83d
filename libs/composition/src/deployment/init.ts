import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { newClientSecret } from '@coffer/identity-feature';
import { newId } from '@coffer/kernel';
import {
  ensureDevelopmentCertificates,
  ensureServiceCertificates,
  type ServiceCertificates,
  type TlsFiles,
} from '@coffer/tls';
import { Hosts } from '@coffer/wire';
import { openDataDirectory, replaceFile, type DataDirectory } from '../data-directory.js';
import { dev } from '../dev.js';
import { environmentLines, writeEnvironmentFile } from '../environment-file.js';
import { firstVaultName } from '../first-vault.js';
import { edgeUpstreams } from './edge.js';
import { BROKER, BROKER_ADMIN, brokerHosts } from './kafka.js';

export interface DeploymentOptions {
  /** Everything that the services of an installation must be told alike; only its owner can read it. */
  readonly directory: string;
  readonly domain: string;
  /** That URLs carry. */
  readonly publicPort: number;
  readonly dev: boolean;
}

export interface Deployment {
  readonly directory: DataDirectory;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly administrator: { readonly objectId: string; readonly appId: string };
  readonly administratorSecretFile: string;
  readonly publicTls: TlsFiles;
  readonly services: ServiceCertificates;
  readonly vaultUrl: string;
  /** The lines of coffer.env, with the administrator's secret. */
  readonly environmentLines: readonly string[];
  /** The administrator was made by this call: its secret is to be shown. */
  readonly created: boolean;
}

/**
 * Makes what is missing of a deployment of separate services: ids, certificates, the administrator's secret, and the
 * environment of the clients. May be repeated; what is there stays.
 */
export async function initDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { domain, publicPort, dev: isDev } = options;
  const directory = await openDataDirectory(options.directory, isDev ? dev.installation : {});
  const hosts = new Hosts({ domain, port: publicPort });
  const named = ['login', 'management', 'audit'].map((name) => `${name}.${domain}`);
  const publicTls = await ensureDevelopmentCertificates({
    directory: directory.tls,
    dnsNames: [...new Set(['localhost', domain, ...named, `*.vault.${domain}`])],
    ipAddresses: ['127.0.0.1', '::1'],
  });
  const services = await ensureServiceCertificates({
    directory: path.join(directory.root, 'services'),
    services: [...edgeUpstreams, 'edge', BROKER, BROKER_ADMIN],
    alsoKnownAs: brokerHosts,
  });
  const administratorSecretFile = path.join(directory.root, 'administrator.secret');
  const { administrator, secret, created } = await administratorOf(directory, administratorSecretFile, isDev);
  const { tenantId, subscriptionId } = directory.installation;
  const vaultUrl = hosts.vaultUrl(firstVaultName(options));
  const lines = await environmentLines({
    caFile: publicTls.caFile,
    loginUrl: hosts.url('login'),
    clientId: administrator.appId,
    clientSecret: secret,
    tenantId,
    subscriptionId,
    managementUrl: hosts.url('management'),
    vaultUrl,
  });
  await writeEnvironmentFile(directory.environmentFile, lines);
  return {
    directory,
    tenantId,
    subscriptionId,
    administrator,
    administratorSecretFile,
    publicTls,
    services,
    vaultUrl,
    environmentLines: lines,
    created,
  };
}

interface AdministratorFacts {
  readonly administrator: Deployment['administrator'];
  readonly secret: string;
  readonly created: boolean;
}

async function administratorOf(
  { root }: DataDirectory,
  secretFile: string,
  isDev: boolean,
): Promise<AdministratorFacts> {
  if (isDev) {
    const { objectId, appId, secret } = dev.administrator;
    return { administrator: { objectId, appId }, secret, created: false };
  }
  const idFile = path.join(root, 'administrator.json');
  const known = await readIfThere(idFile);
  const administrator =
    known === undefined ? { objectId: newId(), appId: newId() } : (JSON.parse(known) as Deployment['administrator']);
  const kept = (await readIfThere(secretFile))?.trim();
  const secret = kept ?? newClientSecret();
  // The secret first: ids without it would be an administrator whom nobody can be.
  if (kept === undefined) await replaceFile(secretFile, `${secret}\n`, 0o600);
  if (known === undefined) await replaceFile(idFile, `${JSON.stringify(administrator)}\n`, 0o644);
  return { administrator, secret, created: known === undefined };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
