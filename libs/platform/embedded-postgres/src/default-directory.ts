import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Where the embedded server keeps its files when nothing is configured. Root's server runs as `nobody`, which could not
 * enter a 0700 home, hence `/var/lib/coffer`; an ordinary user gets `$XDG_DATA_HOME/coffer` (XDG Base Directory).
 */
export function defaultDataDirectory(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): string {
  if (uid === 0) return '/var/lib/coffer';
  const base = env['XDG_DATA_HOME'];
  // The specification: a relative path in XDG_DATA_HOME is invalid and ignored.
  if (base !== undefined && path.isAbsolute(base)) return path.join(base, 'coffer');
  return path.join(homedir(), '.local/share/coffer');
}
