import { randomBytes } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** A name beside `target` for work in progress. Random: an orphan of a killed process may still write to an older one. */
export function temporaryName(target: string): string {
  return `${target}.${randomBytes(4).toString('hex')}.tmp`;
}

/** Flushes a directory's entries, so that a rename in it survives a power loss. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what interrupted starts and older versions left behind. Call only under the instance lock. */
export async function removeLeftovers(directory: string, currentBinaries: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const outdated = name.startsWith('binaries-') && name !== path.basename(currentBinaries);
    const unfinished = /^(data|binaries-.*)\.[0-9a-f]{8}\.tmp$/.test(name);
    if (!outdated && !unfinished) continue;
    // An orphaned initdb may be writing there; what resists now is removed by the next start.
    await rm(path.join(directory, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
