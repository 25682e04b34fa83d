import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

/** The audit log last: a record that the relay moves between two reads is then found where it went. */
export const serviceDatabases = [
  'coffer_vault_management',
  'coffer_crypto_gateway',
  'coffer_policy_engine',
  'coffer_identity',
  'coffer_audit_log',
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

/** Longer than a consumer's place in its group outlives it, on a slow machine. */
const RECORDED_WITHIN_MS = 60_000;

/**
 * Those of the correlation ids that no audit record has. A record may be in Kafka alone when it is first looked for: it is
 * looked for again until it is in a table, or is taken for lost.
 */
export async function unrecorded(dataDir: string, ids: readonly string[]): Promise<readonly string[]> {
  for (const end = Date.now() + RECORDED_WITHIN_MS; ;) {
    const found = await recordedCorrelations(dataDir);
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length === 0 || Date.now() > end) return missing;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** `correlationId` of every audit record, in the log or still in an inbox on its way there. */
async function recordedCorrelations(dataDir: string): Promise<Set<string>> {
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

/** Vaults and streams whose numbers have a gap, a fork, or do not end where their head says; none if all is well. */
export async function brokenSequences(dataDir: string): Promise<string[]> {
  const broken: string[] = [];
  for (const database of serviceDatabases) {
    const { rows } = await inDatabase(dataDir, database, (client) =>
      client.query<{ id: string }>(
        `SELECT coalesce(h.vault_id, e.vault_id) AS id FROM vault_head h
           FULL JOIN (SELECT vault_id, count(*) AS n, min(vault_seq) AS low, max(vault_seq) AS high
                        FROM events GROUP BY vault_id) e ON e.vault_id = h.vault_id
          WHERE (e.n, e.low, e.high) IS DISTINCT FROM (h.seq, 1::bigint, h.seq)
         UNION ALL
         SELECT stream_id FROM events GROUP BY stream_id
         HAVING (count(*), min(stream_version), max(stream_version)) IS DISTINCT FROM (max(stream_version)::bigint, 1, count(*)::integer)`,
      ),
    );
    broken.push(...rows.map((row) => `${database}: ${row.id}`));
  }
  return broken;
}

/** Every row of every table of a database as text, one string per table. */
export async function dumpTables(dataDir: string, database: string): Promise<Map<string, string>> {
  return inDatabase(dataDir, database, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    const dump = new Map<string, string>();
    for (const { name } of rows) {
      const found = await client.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t ORDER BY 1`);
      dump.set(name, found.rows.map((row) => row.line).join('\n'));
    }
    return dump;
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
