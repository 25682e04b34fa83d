import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '@coffer/embedded-postgres';

/** Not for production: tests want speed, and their data dies with the directory. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' };
const prefix = 'coffer-test-pg-';

/** One PostgreSQL for the whole test run; specs make databases in it (postgres.ts). */
export default async function globalSetup() {
  if (process.env.COFFER_TEST_POSTGRES !== undefined) return;
  await removeKilledRuns();
  const directory = await mkdtemp(path.join(tmpdir(), `${prefix}${process.pid}-`));
  const server = await startEmbeddedPostgres({ directory, settings });
  process.env.COFFER_TEST_POSTGRES = server.host;
  globalThis.cofferTestPostgres = { server, directory };
}

/** A killed test run leaves its server running; starting on its directory stops that server. */
async function removeKilledRuns() {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const directory = path.join(tmpdir(), name);
    try {
      if (existsSync(path.join(directory, 'data/postmaster.pid'))) {
        await (await startEmbeddedPostgres({ directory, settings })).stop();
      }
      await rm(directory, { recursive: true, force: true });
    } catch (error) {
      console.warn(`could not remove ${directory}: ${error}`); // of another user, or another run removes it too
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}
