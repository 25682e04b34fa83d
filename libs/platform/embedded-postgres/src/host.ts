import { statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { packagedBinaries, type BinaryPackage } from './binaries.js';

/** What the launcher asks the machine; tests replace single answers. */
export interface HostPort {
  /** Bytes that an unprivileged process may still write on the disk of `directory`. */
  freeBytes(directory: string): Promise<number>;
  /** Whether the current user has an entry in the passwd database (`initdb` demands one). */
  hasPasswdEntry(): boolean;
  binaryPackage(): Promise<BinaryPackage>;
}

export const machine: HostPort = {
  freeBytes: async (directory) => {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
  hasPasswdEntry: () => {
    try {
      userInfo();
      return true;
    } catch {
      return false; // uv_os_get_passwd: ENOENT
    }
  },
  binaryPackage: () => packagedBinaries(),
};
