import { chown, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { wrongOwner } from './cluster.js';
import { systemErrorCode } from '@coffer/kernel';
import { EmbeddedPostgresError, fileError } from './errors.js';
import type { ServerIdentity } from './identity.js';
import { longestSocketName } from './instance-lock.js';

const ours = /^(data$|data\.|binaries-|lock\.|\.s\.PGSQL\.)/;

/**
 * Makes the launcher's directory (0700) and sees that the server's user owns it. Gives its real path: the leftover check
 * compares paths. Root's server runs as nobody, so root gives an empty directory away; one with foreign files never.
 */
export async function prepareDirectory(wanted: string, identity: ServerIdentity): Promise<string> {
  try {
    await mkdir(path.dirname(path.resolve(wanted)), { recursive: true }); // parents as usual: nobody must pass through them
    await mkdir(wanted, { mode: 0o700 }).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    });
    const directory = await realpath(wanted);
    checkSocketPath(directory);
    await checkOwner(directory, identity);
    return directory;
  } catch (error) {
    throw fileError(error, wanted);
  }
}

async function checkOwner(directory: string, identity: ServerIdentity): Promise<void> {
  const { uid } = await stat(directory);
  if (uid === identity.uid) return;
  if (uid !== 0 || identity.spawn.uid === undefined) throw wrongOwner(directory, uid, identity);
  const foreign = (await readdir(directory)).filter((name) => !ours.test(name));
  if (foreign.length > 0) throw wrongOwner(directory, uid, identity);
  await chown(directory, identity.uid, identity.gid);
}

/** `sun_path` of unix(7) has 108 bytes on Linux and 104 on macOS, the last one for the terminating zero. */
function checkSocketPath(directory: string): void {
  const limit = process.platform === 'darwin' ? 103 : 107;
  const most = limit - longestSocketName - 1;
  const length = Buffer.byteLength(directory);
  if (length <= most) return;
  throw new EmbeddedPostgresError(
    'socket-path-too-long',
    `${directory} has ${length} bytes, at most ${most} are possible, because a unix socket's path is limited to ${limit}: ` +
      'choose a data directory with a shorter path.',
  );
}

const mebibyte = 1024 * 1024;
/** Binaries 60 MiB, fresh cluster 40 MiB, the first log segments 16 MiB each. */
const firstStart = 200 * mebibyte;
/** Two segments of the write-ahead log. */
const laterStart = 32 * mebibyte;

/** Throws `no-space` when the disk has too little room for a start; better than a server that stops in the middle. */
export function checkSpace(directory: string, first: boolean, free: number): void {
  const needed = first ? firstStart : laterStart;
  if (free >= needed) return;
  throw new EmbeddedPostgresError(
    'no-space',
    `The disk of ${directory} is nearly full: ${Math.floor(free / mebibyte)} MiB are free, ` +
      `${needed / mebibyte} MiB are needed. Free some and start again.`,
  );
}
