import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseVerifierKey, verifyLog, type Verified } from '@coffer/audit-verify';

export interface CheckOptions {
  readonly vkey?: string;
  readonly since?: readonly string[];
  readonly vault?: string;
}

/** Verifies a copy as `mirrorLog` makes it. Throws LogRefused, and what the file system says. */
export async function verifyDirectory(directory: string, { vkey, since = [], vault }: CheckOptions): Promise<Verified> {
  const at = (...names: string[]) => path.join(directory, ...names);
  const key = parseVerifierKey(vkey ?? (await readFile(at('verifier-key'), 'utf8')));
  const kept = (await readIfThere(() => readdir(at('checkpoints')))) ?? [];
  const files = [...kept.map((name) => at('checkpoints', name)), ...since];
  return verifyLog(
    {
      checkpoint: await readFile(at('checkpoint'), 'utf8'),
      earlier: await Promise.all(files.map((file) => readFile(file, 'utf8'))),
      read: (name) => readIfThere(() => readFile(at(...name.split('/')))),
      records: recordsOf(at('records.ndjson')),
    },
    { key, ...(vault === undefined ? {} : { vaultId: vault }) },
  );
}

async function* recordsOf(file: string): AsyncGenerator {
  for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    if (line !== '') yield JSON.parse(line) as unknown;
  }
}

async function readIfThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
