import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemErrorCode } from '@coffer/kernel';
import { EmbeddedPostgresError } from './errors.js';

/** Length of the longest socket name in the directory: `lock.4194304.abcdef`; Postgres' own is `.s.PGSQL.5432`. */
export const longestSocketName = 'lock.4194304.abcdef'.length;

const lockName = /^lock\.(\d+)\.[0-9a-f]{6}$/;
const attempts = 5;

export interface InstanceLock {
  readonly release: () => Promise<void>;
}

/**
 * Lets one launcher use the directory. The lock is a listening unix socket `lock.<pid>.<random>`: the kernel ends it with its
 * process, so a lock left by `kill -9` is known by its refused connection, and a reused pid or another pid namespace
 * on the same machine cannot deceive. Everyone first shows his own lock and then looks for others, so two can never both
 * succeed; if both give way they try again after a random pause. Throws `already-running`.
 */
export async function acquireInstanceLock(directory: string): Promise<InstanceLock> {
  for (let attempt = 1; ; attempt++) {
    const { name, release } = await showLock(directory);
    const rival = await findRival(directory, name);
    if (rival === undefined) return { release };
    await release();
    if (attempt === attempts) {
      throw new EmbeddedPostgresError(
        'already-running',
        `Another instance (pid ${rival}) uses ${directory}: stop it, or choose another data directory.`,
      );
    }
    await pause(randomInt(10, 60));
  }
}

async function showLock(directory: string): Promise<InstanceLock & { readonly name: string }> {
  const name = `lock.${process.pid}.${randomBytes(3).toString('hex')}`;
  const file = path.join(directory, name);
  const server = createServer((socket) => socket.destroy());
  // Bound under another name first: between bind and listen a connection is refused, which would read as a dead lock.
  const hidden = path.join(directory, `.${name.slice(1)}`);
  server.listen(hidden);
  await once(server, 'listening');
  server.unref();
  await chmod(hidden, 0o600);
  await rename(hidden, file);
  const release = async () => {
    await rm(file, { force: true });
    server.close();
  };
  return { name, release };
}

/** The pid of a live lock of somebody else; locks of dead processes are removed. */
async function findRival(directory: string, own: string): Promise<string | undefined> {
  for (const name of await readdir(directory)) {
    const pid = lockName.exec(name)?.[1];
    if (pid === undefined || name === own) continue;
    const file = path.join(directory, name);
    if (await isListening(file)) return pid;
    await rm(file, { force: true });
  }
  return undefined;
}

/** Whether a process listens on the socket; a doubt (no permission, full queue) counts as yes. */
function isListening(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      const code = systemErrorCode(error);
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
