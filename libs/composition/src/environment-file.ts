import { readFile } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { fileURLToPath } from 'node:url';
import { replaceFile } from './data-directory.js';

export interface EnvironmentFacts {
  readonly caFile: string | undefined;
  readonly loginUrl: string;
  readonly clientId: string;
  /** Absent when it is not known (any more). */
  readonly clientSecret: string | undefined;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly managementUrl: string;
  readonly vaultUrl: string | undefined;
}

/** Node has no resolver of its own for `*.localhost` (RFC 6761 §6.3); where the system has none either, this one is preloaded. */
const RESOLVER = fileURLToPath(new URL('../resolver/localhost-names.cjs', import.meta.url));

/** The lines of a `.env` file with which the official clients work unchanged (sdk-contract §1.3, §3, §6). */
export async function environmentLines(facts: EnvironmentFacts): Promise<readonly string[]> {
  const host = new URL(facts.loginUrl).hostname;
  const trust = facts.caFile === undefined ? [] : ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'];
  const preload = host.endsWith('.localhost') && !(await resolves(host)) ? [`NODE_OPTIONS=--require=${RESOLVER}`] : [];
  return [
    ...trust.map((name) => `${name}=${facts.caFile ?? ''}`),
    ...preload,
    `AZURE_AUTHORITY_HOST=${facts.loginUrl}`,
    'AZURE_TENANT_ID=adfs',
    `AZURE_CLIENT_ID=${facts.clientId}`,
    ...(facts.clientSecret === undefined ? [] : [`AZURE_CLIENT_SECRET=${facts.clientSecret}`]),
    `AZURE_SUBSCRIPTION_ID=${facts.subscriptionId}`,
    `COFFER_MANAGEMENT_URL=${facts.managementUrl}`,
    ...(facts.vaultUrl === undefined ? [] : [`KEYVAULT_URL=${facts.vaultUrl}`]),
  ];
}

/** The client secret that an earlier start wrote down, so that a crash between writing and using it loses nothing. */
export async function rememberedSecret(file: string): Promise<string | undefined> {
  try {
    return /^AZURE_CLIENT_SECRET=(.+)$/m.exec(await readFile(file, 'utf8'))?.[1];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Readable by the owner alone: it holds a client secret. */
export function writeEnvironmentFile(file: string, lines: readonly string[]): Promise<void> {
  return replaceFile(file, `${lines.join('\n')}\n`, 0o600);
}

async function resolves(host: string): Promise<boolean> {
  try {
    await lookup(host);
    return true;
  } catch {
    return false;
  }
}
