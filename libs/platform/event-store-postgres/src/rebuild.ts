import { upcast, type Database, type InlineProjection, type SqlClient, type Upcasters } from '@coffer/event-sourcing';
import { isRace } from './faults.js';
import { applyTo } from './group-commit.js';
import { selectHeads, selectVault } from './statements.js';

/** Events that are in memory at a time: one may have a megabyte. */
const PAGE = 100;

/** How often a rebuild begins again when it and an append waited for each other's tables. */
const ATTEMPTS = 5;

/**
 * Empties a projection and replays the whole log into it, in one transaction: readers see the old state or the new one.
 * Appends that touch it wait. Returns the number of events that were applied.
 */
export async function rebuildProjection(
  database: Database,
  projection: InlineProjection,
  upcasters: Upcasters = {},
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database.transaction((client) => rebuild(client, projection, upcasters));
    } catch (error) {
      if (!isRace(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function rebuild(client: SqlClient, projection: InlineProjection, upcasters: Upcasters): Promise<number> {
  const tables = projection.tables.map(quoted);
  // Waits for every append that has written the tables, before the log is read, and holds up those to come. Readers go on.
  await client.query(`LOCK TABLE ${tables.join(', ')} IN EXCLUSIVE MODE`);
  for (const table of tables) await client.query(`DELETE FROM ${table}`);
  // The log is replayed vault by vault: a name may find its next holder there before it was given up. Deferrable constraints
  // are checked when all is replayed.
  await client.query('SET CONSTRAINTS ALL DEFERRED');
  let applied = 0;
  for (const { vaultId, seq } of await selectHeads(client)) {
    applied += await replayVault(client, projection, upcasters, vaultId, seq);
  }
  return applied;
}

async function replayVault(
  client: SqlClient,
  projection: InlineProjection,
  upcasters: Upcasters,
  vaultId: string,
  last: number,
): Promise<number> {
  let applied = 0;
  for (let next = 1; next <= last; next += PAGE) {
    const page = (await selectVault(client, vaultId, next, PAGE)).map((event) => upcast(event, upcasters));
    await applyTo(projection, client, page);
    applied += page.filter((event) => projection.handles.has(event.type)).length;
  }
  return applied;
}

function quoted(table: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(table)) throw new Error(`not a table name: ${table}`);
  return `"${table}"`;
}
