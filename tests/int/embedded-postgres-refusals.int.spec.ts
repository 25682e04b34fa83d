import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  machine,
  packagedBinaries,
  startEmbeddedPostgres,
  type EmbeddedPostgresReason,
} from '@coffer/embedded-postgres';
import { launcherProcess, query, temporaryDirectory } from '../support/embedded-postgres.js';

/** Fresh and empty for each test. */
let empty: Awaited<ReturnType<typeof temporaryDirectory>>;
/** With a cluster that is not running, for all tests. */
let used: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  used = await temporaryDirectory();
  const server = await startEmbeddedPostgres({ directory: used.directory });
  await server.stop();
});
afterAll(() => used.remove());
beforeEach(async () => {
  empty = await temporaryDirectory();
});
afterEach(() => empty.remove());

async function expectRefusal(
  start: Promise<unknown>,
  reason: EmbeddedPostgresReason,
  ...words: string[]
): Promise<void> {
  const error: unknown = await start.then(
    () => new Error('it started'),
    (failure: unknown) => failure,
  );
  expect(error).toMatchObject({ name: 'EmbeddedPostgresError', reason });
  for (const word of words) expect((error as Error).message).toContain(word);
}

describe('a second instance on the same directory', () => {
  it('is refused in the same process and in another, and the first goes on', async () => {
    const first = await startEmbeddedPostgres({ directory: used.directory });
    await expectRefusal(
      startEmbeddedPostgres({ directory: used.directory }),
      'already-running',
      `pid ${process.pid}`,
      used.directory,
    );
    const other = launcherProcess(used.directory);
    expect(await other.lines.until(/^(started|failed)/)).toBe('failed already-running');
    expect(await query(first.host, 'select 1 as one')).toEqual([{ one: 1 }]);
    await first.stop();
  });

  it('is refused when both start at the same moment: at most one gets the directory', async () => {
    const starts = await Promise.allSettled([1, 2, 3].map(() => startEmbeddedPostgres({ directory: empty.directory })));
    const started = starts.filter((result) => result.status === 'fulfilled');
    const refused = starts.filter((result) => result.status === 'rejected');
    expect(started.length).toBeLessThanOrEqual(1);
    for (const { reason } of refused) expect(reason).toMatchObject({ reason: 'already-running' });
    for (const { value } of started) await value.stop();
  });
});

describe('a data directory', () => {
  it('of another major version is refused and left as it is, and served again once it fits', async () => {
    const version = path.join(used.directory, 'data/PG_VERSION');
    await writeFile(version, '17\n');
    const start = startEmbeddedPostgres({ directory: used.directory });
    await expectRefusal(start, 'other-major-version', 'PostgreSQL 17', 'PostgreSQL 18');
    expect(await readFile(version, 'utf8')).toBe('17\n');
    await writeFile(version, '18\n');
    const again = await startEmbeddedPostgres({ directory: used.directory });
    await again.stop();
  });

  it('that PostgreSQL did not make is refused and left as it is', async () => {
    const version = path.join(used.directory, 'data/PG_VERSION');
    const content = await readFile(version);
    await rm(version);
    await expectRefusal(startEmbeddedPostgres({ directory: used.directory }), 'not-a-data-directory', 'PG_VERSION');
    expect(await readdir(path.join(used.directory, 'data'))).toContain('pg_wal');
    await writeFile(version, content);
  });

  it('of somebody else, or with foreign files, is refused and keeps its owner', async () => {
    const before = await stat('/usr');
    await expectRefusal(startEmbeddedPostgres({ directory: '/usr' }), 'wrong-owner', '/usr', 'uid 0');
    expect((await stat('/usr')).uid).toBe(before.uid);
  });

  it('under a parent that is closed to the server is refused', async () => {
    const closed = path.join(empty.directory, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o500); // root writes here nevertheless, but nobody, as whom PostgreSQL runs then, cannot enter
    await expectRefusal(startEmbeddedPostgres({ directory: path.join(closed, 'coffer') }), 'not-accessible', closed);
    await chmod(closed, 0o700);
  });

  it('whose socket path would be too long is refused with both lengths', async () => {
    const directory = path.join(empty.directory, 'x'.repeat(100));
    const length = `${directory.length} bytes`;
    await expectRefusal(startEmbeddedPostgres({ directory }), 'socket-path-too-long', length, 'shorter path');
  });
});

describe('a machine', () => {
  it('with a nearly full disk is refused before anything is written', async () => {
    const host = { ...machine, freeBytes: () => Promise.resolve(150 * 1024 * 1024) };
    const start = startEmbeddedPostgres({ directory: empty.directory }, host);
    await expectRefusal(start, 'no-space', '150 MiB are free', '200 MiB are needed');
    expect(await readdir(empty.directory)).toEqual([]);
  });

  it('with the same little room still serves existing data', async () => {
    const host = { ...machine, freeBytes: () => Promise.resolve(150 * 1024 * 1024) };
    const again = await startEmbeddedPostgres({ directory: used.directory }, host);
    await again.stop();
    const full = { ...machine, freeBytes: () => Promise.resolve(0) };
    await expectRefusal(startEmbeddedPostgres({ directory: used.directory }, full), 'no-space', '0 MiB are free');
  });

  it('without a passwd entry for the user is refused before initdb', async () => {
    const host = { ...machine, hasPasswdEntry: () => false };
    const start = startEmbeddedPostgres({ directory: empty.directory }, host);
    await expectRefusal(start, 'no-passwd-entry', '/etc/passwd');
  });

  it('without packaged binaries is refused with the name of the package', async () => {
    const host = { ...machine, binaryPackage: () => packagedBinaries('sunos', 'sparc') };
    const start = startEmbeddedPostgres({ directory: empty.directory }, host);
    await expectRefusal(start, 'unsupported-platform', '@embedded-postgres/sunos-sparc');
  });
});
