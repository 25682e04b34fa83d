/** The user that runs the server. */
export interface ServerIdentity {
  /** User and group for `child_process.spawn`; empty when the server runs as the current user. */
  readonly spawn: { readonly uid?: number; readonly gid?: number };
  /** The uid and gid that must own the data directory. */
  readonly uid: number;
  readonly gid: number;
}

const nobody = 65534;

/** The identity for the current process: its own user, or `nobody` for root, as whom Postgres refuses to run. */
export function serverIdentity(): ServerIdentity {
  const uid = process.getuid?.() ?? nobody; // always defined where the binaries exist (Linux, macOS)
  const gid = process.getgid?.() ?? nobody;
  if (uid !== 0) return { spawn: {}, uid, gid };
  return { spawn: { uid: nobody, gid: nobody }, uid: nobody, gid: nobody };
}

/**
 * Environment of the server's processes. Never ours, because it may hold secrets of Coffer; C makes messages English,
 * so that they can be recognised.
 */
export const serverEnvironment: Readonly<Record<string, string>> = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };
