import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { bundlesOf, openCheckpoint, parseVerifierKey, tilePath, tilesOf } from '@coffer/audit-verify';

export interface MirrorOptions {
  readonly ca?: string;
  readonly token: string;
}

const PAGE = 1000;

/**
 * Copies a log: `verifier-key`, `checkpoint`, `tile/…`, `records.ndjson`. An earlier tree head of the directory is kept in
 * `checkpoints/`, to be verified with the next one; the key of an earlier copy must be the same. Returns the tree's size.
 */
export async function mirrorLog(url: string, directory: string, options: MirrorOptions): Promise<number> {
  const base = url.replace(/\/$/, '');
  const get = fetcher(options);
  const at = (...names: string[]) => path.join(directory, ...names);
  await mkdir(at('checkpoints'), { recursive: true });
  const vkey = (await get(`${base}/verifier-key`)).toString('utf8');
  const known = await readFile(at('verifier-key'), 'utf8').catch(() => vkey);
  if (known !== vkey) throw new Error('the log has another key than when it was copied before');
  await writeFile(at('verifier-key'), vkey);
  const key = parseVerifierKey(vkey);
  const note = (await get(`${base}/checkpoint`)).toString('utf8');
  const { size } = openCheckpoint(note, key);
  const before = await readFile(at('checkpoint'), 'utf8').catch(() => undefined);
  if (before !== undefined) await writeFile(at('checkpoints', String(openCheckpoint(before, key).size)), before);
  for (const id of [...tilesOf(size), ...bundlesOf(size)]) {
    const name = tilePath(id);
    await mkdir(path.dirname(at(...name.split('/'))), { recursive: true });
    await writeFile(at(...name.split('/')), await get(`${base}/${name}`));
  }
  await copyRecords(base, at('records.ndjson'), size, get);
  await writeFile(at('checkpoint'), note);
  return size;
}

interface Page {
  readonly value: readonly { readonly index: number }[];
  readonly nextLink: string | null;
}

/** Records up to the tree's size, in their order. */
async function copyRecords(
  base: string,
  file: string,
  size: number,
  get: (url: string) => Promise<Buffer>,
): Promise<void> {
  const out = await open(file, 'w');
  try {
    for (let next: string | null = `${base}/records?order=asc&top=${PAGE}`; next !== null;) {
      const page = JSON.parse((await get(next)).toString('utf8')) as Page;
      const wanted = page.value.filter(({ index }) => index < size);
      await out.write(wanted.map((record) => `${JSON.stringify(record)}\n`).join(''));
      next = wanted.length < page.value.length ? null : page.nextLink;
    }
  } finally {
    await out.close();
  }
}

function fetcher({ ca, token }: MirrorOptions): (url: string) => Promise<Buffer> {
  const agent = new https.Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca: readFileSync(ca) }) });
  return (url) =>
    new Promise((resolve, reject) => {
      https
        .get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const body = Buffer.concat(chunks);
            if (response.statusCode === 200) resolve(body);
            else
              reject(
                new Error(`${new URL(url).pathname}: ${response.statusCode ?? 0} ${body.toString('utf8', 0, 200)}`),
              );
          });
        })
        .on('error', reject);
    });
}
