/** Events appended per second, durable, by 16 writers over 16 vaults and by one writer. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@coffer/embedded-postgres';
import { createEventStore, eventStoreMigrations, migrate, openDatabase } from '@coffer/event-store-postgres';
import { report } from './report.mjs';

const directory = mkdtempSync(join(tmpdir(), 'coffer-bench-'));
const server = await startEmbeddedPostgres({ directory });
const database = openDatabase({ connection: { host: server.host, user: server.user, database: 'postgres' } });
await migrate(database, [eventStoreMigrations]);
const store = createEventStore({ database, projections: [] });
const meta = { actor: { oid: randomUUID(), tid: randomUUID() }, correlationId: randomUUID(), region: 'local' };
const data = { pad: 'x'.repeat(300) };

async function appends(writers, seconds) {
  let count = 0;
  const end = performance.now() + seconds * 1000;
  const write = async (writer) => {
    const streamId = `bench-${randomUUID()}`;
    for (let version = 0; performance.now() < end; version += 1) {
      const commandId = randomUUID();
      await store.append({
        vaultId: `vault-${writer}`,
        streams: [
          {
            streamId,
            expectedVersion: version,
            events: [{ eventId: commandId, type: 'Benched', schemaVersion: 1, data }],
          },
        ],
        meta,
        recordedAt: Date.now(),
        commandId,
      });
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return count / seconds;
}

await appends(16, 1);
const sixteen = await appends(16, 5);
report('event append, 16 writers over 16 vaults', sixteen, '/s', '≥ 5,000/s', sixteen >= 5000);
const one = await appends(1, 3);
report('event append, 1 writer', one, '/s');
report('  16 writers against one', sixteen / one, '×');

await database.close();
await server.stop();
rmSync(directory, { recursive: true, force: true });
