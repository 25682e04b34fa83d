import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { AES_KEY_BYTES } from '../aes-gcm.js';
import { systemErrorCode } from '@coffer/kernel';
import { KeyringError } from '../errors.js';
import { localRootKey, type RootKeyProvider } from './root-key.js';

const GROUP_AND_OTHERS = 0o077;

/** The root key as 32 random bytes in a file of mode 0600, made on the first start. For development and single machines. */
export function fileRootKey(file: string): RootKeyProvider {
  return {
    kind: 'file',
    create: async () => {
      const bytes = (await readKey(file)) ?? (await makeKey(file));
      return { rootKey: localRootKey(bytes), parameters: {} };
    },
    open: async () => {
      const bytes = await readKey(file);
      if (bytes !== undefined) return localRootKey(bytes);
      throw new KeyringError(
        'root-key-missing',
        `The root key file ${file} is missing, and the data in the database cannot be read without it: restore it from its backup.`,
      );
    },
  };
}

/** The key's bytes; `undefined` when there is no such file. Checks and reads the same open file. */
async function readKey(file: string): Promise<Buffer | undefined> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw unusable(file, 'read', error);
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size !== AES_KEY_BYTES) {
      throw malformed(file);
    }
    // Windows has no such bits.
    if (process.platform !== 'win32' && (stats.mode & GROUP_AND_OTHERS) !== 0) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
      throw new KeyringError(
        'root-key-not-private',
        `Other users can use the root key file ${file} (mode ${mode}): run "chmod 600 ${file}", and consider the key exposed if they could read it.`,
      );
    }
    const bytes = Buffer.alloc(AES_KEY_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, AES_KEY_BYTES, 0);
    if (bytesRead !== AES_KEY_BYTES) throw malformed(file);
    return bytes;
  } finally {
    await handle.close();
  }
}

/** Writes a new key under another name and links it into place: the file is there whole or not at all, and the first writer wins. */
async function makeKey(file: string): Promise<Buffer> {
  const directory = path.dirname(file);
  const draft = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      await writeDraft(draft);
      await link(draft, file).catch((error: unknown) => {
        if (systemErrorCode(error) !== 'EEXIST') throw error;
      });
    } finally {
      await rm(draft, { force: true });
    }
    await sync(directory);
  } catch (error) {
    throw unusable(file, 'make', error);
  }
  const bytes = await readKey(file);
  if (bytes === undefined) throw unusable(file, 'make', undefined);
  return bytes;
}

async function writeDraft(draft: string): Promise<void> {
  const bytes = randomBytes(AES_KEY_BYTES);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.write(bytes);
    await handle.sync();
  } finally {
    bytes.fill(0);
    await handle.close();
  }
}

/** Makes the directory's new entry survive a power loss. */
async function sync(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function malformed(file: string): KeyringError {
  return new KeyringError(
    'root-key-malformed',
    `${file} is not a root key: it must be a file of ${AES_KEY_BYTES} bytes.`,
  );
}

function unusable(file: string, verb: 'read' | 'make', cause: unknown): KeyringError {
  const code = systemErrorCode(cause) ?? 'unknown error';
  return new KeyringError('root-key-unreadable', `Cannot ${verb} the root key file ${file} (${code}).`, { cause });
}
