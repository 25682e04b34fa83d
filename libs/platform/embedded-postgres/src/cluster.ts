import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemErrorCode } from '@coffer/kernel';
import { EmbeddedPostgresError, textMember } from './errors.js';
import { syncDirectory, temporaryName } from './files.js';
import { serverEnvironment, type ServerIdentity } from './identity.js';
import { outputError } from './program-output.js';

const run = promisify(execFile);

/** The superuser of the embedded server; the mode of its socket (0700) is its only protection. */
export const superuser = 'coffer';

/** Needs no locale of the system: the `builtin` provider brings C.UTF-8 (`--locale=C.UTF-8` fails where it is missing). */
const initdbFlags = [
  `--username=${superuser}`,
  '--auth=trust',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--data-checksums',
];

/** Runs a program of the installation as the server's user and gives its standard output. */
async function runProgram(binaries: string, program: string, args: string[], identity: ServerIdentity) {
  const command = path.join(binaries, 'bin', program);
  try {
    return (await run(command, args, { ...identity.spawn, cwd: '/', env: serverEnvironment })).stdout;
  } catch (cause) {
    if (systemErrorCode(cause) === 'EACCES') {
      throw new EmbeddedPostgresError(
        'not-accessible',
        `The server's user (uid ${identity.uid}) cannot run ${command}: every directory above it must be open to that user ` +
          '(root starts PostgreSQL as nobody), and the disk must allow programs (no "noexec").',
        { cause },
      );
    }
    const stderr = textMember(cause, 'stderr') ?? String(cause);
    throw outputError(`${program} failed`, stderr, program === 'initdb' ? 'initdb-failed' : 'start-failed', { cause });
  }
}

/** Major version of the installed server, e.g. `18`. Also proves that the server's user can run it. */
export async function serverMajorVersion(binaries: string, identity: ServerIdentity): Promise<string> {
  const version = await runProgram(binaries, 'postgres', ['--version'], identity); // postgres (PostgreSQL) 18.4
  return /\(PostgreSQL\) (\d+)/.exec(version)?.[1] ?? version.trim();
}

/** Checks that `data` is a cluster of this major version that the server's user owns. False: it does not exist yet. */
export async function checkCluster(data: string, major: string, identity: ServerIdentity): Promise<boolean> {
  if (!existsSync(data)) return false;
  const { uid } = await stat(data);
  if (uid !== identity.uid) throw wrongOwner(data, uid, identity);
  const found = await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch((cause: unknown) => {
    throw new EmbeddedPostgresError(
      'not-a-data-directory',
      `${data} has no PG_VERSION, so it is not a data directory of PostgreSQL: move it away, or choose another directory.`,
      { cause },
    );
  });
  if (found.trim() === major) return true;
  throw new EmbeddedPostgresError(
    'other-major-version',
    `${data} was made by PostgreSQL ${found.trim()}, this is PostgreSQL ${major}: start it with the release of Coffer that ` +
      'made it and move the data by backup and restore.',
  );
}

/** The error for a directory that belongs to somebody else. */
export function wrongOwner(place: string, uid: number, identity: ServerIdentity): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'wrong-owner',
    `${place} belongs to uid ${uid}, but the server runs as uid ${identity.uid}: start Coffer as the directory's user, ` +
      'change its owner, or choose another directory.',
  );
}

/** Makes the data directory: `initdb` works beside it, and only a finished one gets the name, also across a crash. */
export async function initialiseCluster(binaries: string, data: string, identity: ServerIdentity): Promise<void> {
  const partial = temporaryName(data);
  try {
    await runProgram(binaries, 'initdb', [...initdbFlags, '-D', partial], identity);
    await rename(partial, data);
    await syncDirectory(path.dirname(data));
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}
