import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { MigrationError } from '@coffer/event-store-postgres';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { createLogger } from '@coffer/nest';
import pg from 'pg';
import { openService, type ServiceOptions } from './service.js';

const name = `open_service_${process.pid}`;
const connection: pg.ClientConfig = { host: process.env['COFFER_TEST_POSTGRES'] ?? '', user: 'coffer', database: name };

async function administer<T extends object>(statement: string): Promise<T[]> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  await client.connect();
  const { rows } = await client.query<T>(statement);
  await client.end();
  return rows;
}

const sessions = () => administer(`SELECT pid FROM pg_stat_activity WHERE datname = '${name}'`);

/** A session that was ended is there until its server process has gone. */
async function untilNobodyIsConnected(): Promise<void> {
  const deadline = Date.now() + 5_000;
  while ((await sessions()).length > 0) {
    if (Date.now() > deadline) throw new Error('sessions are left open');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'coffer-migrations-'));
  await administer(`CREATE DATABASE "${name}"`);
});
afterAll(async () => {
  await administer(`DROP DATABASE "${name}" WITH (FORCE)`);
  await rm(directory, { recursive: true });
});

const open = (options: Partial<ServiceOptions> = {}) =>
  openService({
    name: 'spec',
    connection,
    migrations: [{ component: 'broken', directory: pathToFileURL(`${directory}/`) }],
    projections: [],
    feed: createMemoryFeed(),
    log: createLogger('silent', 'spec'),
    onLost: () => undefined,
    ...options,
  });

describe.each([
  ['alone on its database', {}],
  ['beside others', { sharedLeaseMs: 10_000 }],
])('a service %s whose migration fails', (_how, options) => {
  it('lets go of the database, which another start then gets', async () => {
    const file = path.join(directory, '0001-broken.sql');
    await writeFile(file, 'SELECT no_such_column;');
    await expect(open(options)).rejects.toBeInstanceOf(MigrationError);
    await untilNobodyIsConnected();

    await writeFile(file, 'SELECT 1;');
    const core = await open(options);
    expect(core.lease.live()).toBe(true);
    await core.close();
    await untilNobodyIsConnected();
    await administer(`ALTER DATABASE "${name}" RENAME TO "${name}_used"`);
    await administer(`DROP DATABASE "${name}_used"`);
    await administer(`CREATE DATABASE "${name}"`);
  });
});
