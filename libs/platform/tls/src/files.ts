import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '@coffer/kernel';
import { TlsError } from './errors.js';

/** Reads a PEM file. Throws `unreadable` with the path and the system's reason. */
export async function readPem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new TlsError('unreadable', `Cannot read ${file} (${systemErrorCode(cause) ?? 'unknown error'}).`, { cause });
  }
}

/** Replaces a file so that a reader, or a start after a crash, finds either the old or the whole new content. */
export async function writeAtomically(file: string, content: string, mode: number): Promise<void> {
  const partial = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(partial, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
    await syncDirectory(path.dirname(file));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
