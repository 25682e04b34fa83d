import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

export const serviceDatabases = [
  'coffer_vault_management',
  'coffer_crypto_gateway',
  'coffer_policy_engine',
  'coffer_audit_log',
  'coffer_identity',
] as const;

/** Runs statements on a database of a running Coffer's embedded server, as its superuser. */
export async function inDatabase<T>(
  dataDir: string,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ host: path.join(dataDir, 'postgres'), user: 'coffer', database });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** `correlationId` of every audit record, in the log or still on its way there. */
export async function recordedCorrelations(dataDir: string): Promise<Set<string>> {
  const found = new Set<string>();
  const add = (rows: readonly { id: string }[]) => {
    for (const { id } of rows) found.add(id);
  };
  for (const database of serviceDatabases) {
    await inDatabase(dataDir, database, async (client) => {
      add((await client.query<{ id: string }>("SELECT body::json->>'correlationId' AS id FROM audit_inbox")).rows);
      if (database !== 'coffer_audit_log') return;
      add((await client.query<{ id: string }>("SELECT record::json->>'correlationId' AS id FROM audit_records")).rows);
    });
  }
  return found;
}

/** Vaults whose numbers have a gap or whose head is not their last number; none if all is well. */
export async function brokenSequences(dataDir: string, database: string): Promise<string[]> {
  return inDatabase(dataDir, database, async (client) => {
    const { rows } = await client.query<{ vault_id: string }>(
      `SELECT h.vault_id FROM vault_head h
         LEFT JOIN (SELECT vault_id, count(*) AS n, min(vault_seq) AS low, max(vault_seq) AS high FROM events GROUP BY vault_id) e
           ON e.vault_id = h.vault_id
        WHERE coalesce(e.n, 0) <> h.seq OR coalesce(e.high, 0) <> h.seq OR coalesce(e.low, 1) <> 1`,
    );
    return rows.map((row) => row.vault_id);
  });
}

/** Process id that the embedded server has written down; undefined while there is none. */
export function serverPid(dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(path.join(dataDir, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined; // between two servers
  }
}

/** Kills the embedded server with all its processes at once, as a power cut would; returns the postmaster's process id. */
export function killServer(dataDir: string): number {
  const pid = serverPid(dataDir);
  if (pid === undefined) throw new Error('the embedded server does not run');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  for (const each of [pid, ...children.map(Number)]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // a backend that ended by itself
    }
  }
  return pid;
}
