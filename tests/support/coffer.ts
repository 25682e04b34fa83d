import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { portRange, portsFrom } from '../../tools/split/ports.mjs';
import { Lines } from './embedded-postgres.js';

// The test process resolves *.localhost as clients are told to.
createRequire(import.meta.url)('../../libs/composition/resolver/localhost-names.cjs');

const PROGRAMS = {
  standalone: fileURLToPath(new URL('../../apps/standalone/dist/main.js', import.meta.url)),
  split: fileURLToPath(new URL('../../tools/split/main.mjs', import.meta.url)),
};
export type Topology = keyof typeof PROGRAMS;

/** The form of Coffer that the specs of a run start: `TEST_TOPOLOGY=split` for separate services, two instances of each. */
export const topology: Topology = process.env['TEST_TOPOLOGY'] === 'split' ? 'split' : 'standalone';

/** The program that starts Coffer in the run's topology; both take the same flags. */
export const cofferProgram = (which: Topology = topology): string => PROGRAMS[which];

/** What `--dev` fixes (libs/composition/src/dev.ts): public, for tests only. */
export const dev = {
  tenantId: '00000000-0000-4000-8000-0000000000aa',
  subscriptionId: '00000000-0000-4000-8000-0000000000bb',
  resourceGroup: 'default',
  vaultName: 'demo',
  objectId: '00000000-0000-4000-8000-000000000001',
  clientId: '00000000-0000-4000-8000-000000000002',
  clientSecret: 'coffer-development-secret-not-for-production',
} as const;

/** A Coffer in processes of its own, on a data directory of its own. */
export interface RunningCoffer {
  readonly port: number;
  readonly dataDir: string;
  readonly child: ChildProcess;
  /** Standard output and standard error, line by line. */
  readonly lines: Lines;
  readonly ca: string;
  readonly caFile: string;
  readonly loginUrl: string;
  readonly managementUrl: string;
  readonly auditUrl: string;
  vaultUrl(name?: string): string;
  /** Ends it as an operator would; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Stops it and removes its data. */
  dispose(): Promise<void>;
}

export interface CofferOptions {
  readonly dataDir?: string;
  readonly port?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: that of the run. */
  readonly topology?: Topology;
}

/** Less than a test may take: what has not started by then is ended, and does not slow down those that follow. */
const START_MS = 280_000;

/** Starts the built program with `--dev` and waits until it serves. Rejects with its output when it ends before. */
export async function startCoffer(options: CofferOptions = {}): Promise<RunningCoffer> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'coffer-e2e-')));
  const port = options.port ?? (await freePort());
  const args = [
    cofferProgram(options.topology),
    '--dev',
    '--data-dir',
    dataDir,
    '--port',
    String(port),
    ...(options.args ?? []),
  ];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const lines = new Lines();
  createInterface({ input: child.stdout }).on('line', lines.add);
  createInterface({ input: child.stderr }).on('line', lines.add);
  const closed = once(child, 'close') as Promise<[number | null]>;
  const early = closed.then(([code]) => {
    throw new Error(`Coffer ended with ${code ?? 'a signal'} before it was ready:\n${lines.all.join('\n')}`);
  });
  early.catch(() => undefined); // also when it ends later
  const late = setTimeout(() => child.kill('SIGTERM'), START_MS);
  await Promise.race([lines.until(/^Coffer is ready/), early]).finally(() => {
    clearTimeout(late);
  });
  const caFile = path.join(dataDir, 'tls/ca.pem');
  const stop = async () => {
    child.kill('SIGTERM');
    return (await closed)[0];
  };
  return {
    port,
    dataDir,
    child,
    lines,
    ca: readFileSync(caFile, 'utf8'),
    caFile,
    loginUrl: `https://login.localhost:${port}`,
    managementUrl: `https://management.localhost:${port}`,
    auditUrl: `https://audit.localhost:${port}`,
    vaultUrl: (name = dev.vaultName) => `https://${name}.vault.localhost:${port}`,
    stop,
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
    dispose: async () => {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A TCP port that was free a moment ago, and that this process gives to nobody else. */
export const freePort = portsFrom(undefined, portRange('specs'));

/** ARM URL of a vault of the development subscription. */
export function armVault(coffer: Pick<RunningCoffer, 'managementUrl'>, vault: string): string {
  return `${coffer.managementUrl}/subscriptions/${dev.subscriptionId}/resourceGroups/${dev.resourceGroup}/providers/Microsoft.KeyVault/vaults/${vault}`;
}
