import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { newId } from '@coffer/kernel';
import { defaultDataDirectory, syncDirectory } from '@coffer/embedded-postgres';

/** What an installation is called by; made once and kept for ever. */
export interface Installation {
  readonly tenantId: string;
  /** The subscription that the first start makes. */
  readonly subscriptionId: string;
}

export interface DataDirectory {
  readonly root: string;
  readonly postgres: string;
  readonly tls: string;
  readonly rootKeyFile: string;
  readonly auditKeyFile: string;
  readonly environmentFile: string;
  readonly installation: Installation;
}

/** Opens the data directory, making what is missing. `fixed` wins over what is kept. Throws the system's error, or one that names a damaged file. */
export async function openDataDirectory(
  directory: string | undefined,
  fixed: Partial<Installation>,
): Promise<DataDirectory> {
  const root = directory ?? defaultDataDirectory();
  const made = await mkdir(root, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncDirectory(path.dirname(made));
  // Root's embedded server runs as nobody, which must be able to pass through; each file within guards itself.
  if (process.getuid?.() === 0) await chmod(root, (await stat(root)).mode | 0o011);
  return {
    root,
    postgres: path.join(root, 'postgres'),
    tls: path.join(root, 'tls'),
    rootKeyFile: path.join(root, 'root.key'),
    auditKeyFile: path.join(root, 'audit.key'),
    environmentFile: path.join(root, 'coffer.env'),
    installation: { ...(await installation(path.join(root, 'installation.json'))), ...fixed },
  };
}

async function installation(file: string): Promise<Installation> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as Partial<Installation>;
    const { tenantId, subscriptionId } = kept;
    if (tenantId === undefined || subscriptionId === undefined) throw new SyntaxError('members are missing');
    return { tenantId, subscriptionId };
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Error(`${file} is damaged: restore it from a backup.`, { cause: error });
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made: Installation = { tenantId: newId(), subscriptionId: newId() };
  await replaceFile(file, `${JSON.stringify(made)}\n`, 0o644);
  return made;
}

/** Whole or not at all, also across a power loss; when it resolves the file is there to stay. */
export async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const next = `${file}.${process.pid}.next`;
  await writeFile(next, text, { mode, flush: true });
  await rename(next, file);
  await syncDirectory(path.dirname(file));
}
