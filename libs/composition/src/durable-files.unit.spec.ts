import { existsSync } from 'node:fs';
import { mkdtemp, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { auditKey } from './audit-key.js';
import { openDataDirectory, replaceFile } from './data-directory.js';

/** Inodes that were flushed while `file` was there, that is after it got its name. */
let flushed: { readonly inode: number; readonly named: boolean }[];
let root: string;
let file: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'coffer-durable-'));
  flushed = [];
  const handle = await open(root);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own handle
  const { sync } = prototype;
  jest.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    flushed.push({ inode: (await this.stat()).ino, named: existsSync(file) });
    await sync.call(this);
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await rm(root, { recursive: true });
});

const inodeOf = async (place: string) => (await stat(place)).ino;

describe('a file that must survive a power loss', () => {
  it.each([
    ['one that is replaced', 'coffer.env', () => replaceFile(file, 'A=b', 0o600)],
    ['the key of the audit log', 'audit.key', () => auditKey(file)],
    ['the ids of the installation', 'installation.json', () => openDataDirectory(root, {})],
  ])('%s: its directory is flushed after it has its name', async (_what, name, make) => {
    file = path.join(root, name);
    await make();
    expect(flushed).toContainEqual({ inode: await inodeOf(root), named: true });
  });

  it('a data directory that is made: the one that it is in is flushed', async () => {
    file = path.join(root, 'a');
    await openDataDirectory(path.join(root, 'a/b'), {});
    expect(flushed).toContainEqual({ inode: await inodeOf(root), named: true });
  });
});
