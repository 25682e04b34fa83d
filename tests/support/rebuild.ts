import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dumpTables } from './databases.js';

const run = promisify(execFile);
const ADMIN = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));

/** Rebuilds every projection from the log; returns the tables that are not, byte for byte, what they were. */
export async function unequalProjections(dataDir: string): Promise<string[]> {
  const admin = (...args: string[]) =>
    run(process.execPath, [ADMIN, ...args], { env: { ...process.env, COFFER_DATA_DIR: dataDir } });
  const { stdout } = await admin('projections');
  const unequal: string[] = [];
  for (const [, name = '', service = '', tables = ''] of stdout.matchAll(/^(\S+) {2}\((\S+); tables: (.*)\)$/gm)) {
    const database = `coffer_${service.replaceAll('-', '_')}`;
    const live = await dumpTables(dataDir, database);
    await admin('rebuild', name);
    const rebuilt = await dumpTables(dataDir, database);
    unequal.push(...tables.split(', ').filter((table) => live.get(table) !== rebuilt.get(table)));
  }
  return unequal;
}
