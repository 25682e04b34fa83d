import { upcast, type Database, type InlineProjection, type SqlClient, type Upcasters } from '@coffer/event-sourcing';
import { applyTo } from './group-commit.js';
import { selectHeads, selectVault } from './statements.js';

const PAGE = 500;

/**
 * Empties a projection and replays the whole log into it, in one transaction: readers see the old state or the new one.
 * Appends that touch it wait. Returns the number of events that were applied.
 */
export async function rebuildProjection(
  database: Database,
  projection: InlineProjection,
  upcasters: Upcasters = {},
): Promise<number> {
  return database.transaction(async (client) => {
    // Takes the tables from every append that is under way before the log is read, so that none is missed.
    await client.query(`TRUNCATE ${projection.tables.map(quoted).join(', ')}`);
    let applied = 0;
    for (const { vaultId, seq } of await selectHeads(client)) {
      applied += await replayVault(client, projection, upcasters, vaultId, seq);
    }
    return applied;
  });
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
  if (!/^[a-z_]+$/.test(table)) throw new Error(`not a table name: ${table}`);
  return `"${table}"`;
}
