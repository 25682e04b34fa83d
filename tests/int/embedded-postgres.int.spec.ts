import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { startEmbeddedPostgres } from '@coffer/embedded-postgres';
import pg from 'pg';
import { Lines, query, temporaryDirectory } from '../support/embedded-postgres.js';
import { createTestDatabase } from '../support/postgres.js';

describe('the embedded server', () => {
  let place: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    place = await temporaryDirectory();
  });
  afterAll(() => place.remove());

  it('keeps its data from one start to the next', async () => {
    const first = await startEmbeddedPostgres({ directory: place.directory });
    await query(first.host, 'create table kept as select 42 as answer');
    await first.stop();
    expect(await first.exited).toBe(0);
    expect(existsSync(path.join(place.directory, 'data/postmaster.pid'))).toBe(false);
    const second = await startEmbeddedPostgres({ directory: place.directory });
    expect(await query(second.host, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  it('leaves no temporary file and no lock behind', async () => {
    const names = await readdir(place.directory);
    expect(names.map((name) => name.replace(/^binaries-.*/, 'binaries'))).toEqual(['binaries', 'data']);
  });

  it('can be stopped twice at the same time', async () => {
    const server = await startEmbeddedPostgres({ directory: place.directory });
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(await server.exited).toBe(0);
  });

  it('is durable, checks its pages, and listens on its socket alone', async () => {
    const server = await startEmbeddedPostgres({ directory: place.directory });
    const names = ['fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums', 'listen_addresses'];
    const more = ['unix_socket_permissions', 'idle_in_transaction_session_timeout', 'server_encoding', 'TimeZone'];
    const fields = [...names, ...more].map((name) => `current_setting('${name}') as "${name}"`);
    expect(await query(server.host, `select ${fields.join(', ')}`)).toEqual([
      {
        fsync: 'on',
        full_page_writes: 'on',
        synchronous_commit: 'on',
        data_checksums: 'on',
        listen_addresses: '',
        unix_socket_permissions: '0700',
        idle_in_transaction_session_timeout: '30s',
        server_encoding: 'UTF8',
        TimeZone: 'UTC',
      },
    ]);
    await server.stop();
  });

  it('takes settings over the defaults', async () => {
    const server = await startEmbeddedPostgres({ directory: place.directory, settings: { max_connections: '17' } });
    expect(await query(server.host, 'show max_connections')).toEqual([{ max_connections: '17' }]);
    await server.stop();
  });

  it('writes no statement, parameter or detail of a failed statement to the log', async () => {
    const lines = new Lines();
    const server = await startEmbeddedPostgres({ directory: place.directory, log: lines.add });
    const failing = `select 'hunter2-value'::int`;
    await expect(query(server.host, failing)).rejects.toThrow('hunter2-value');
    await query(server.host, `create table unique_names (name text primary key)`);
    const twice = `insert into unique_names values ('hunter2-name'), ('hunter2-name')`;
    await expect(query(server.host, twice)).rejects.toThrow('unique');
    await server.stop();
    expect(lines.all.join('\n')).toContain('ready to accept connections');
    expect(lines.all.join('\n')).not.toContain('hunter2');
  });

  it('does not inherit the environment of Coffer', async () => {
    process.env['COFFER_PASSPHRASE'] = 'hunter2';
    const server = await startEmbeddedPostgres({ directory: place.directory });
    delete process.env['COFFER_PASSPHRASE'];
    await query(server.host, 'create table environment (line text)');
    await query(server.host, `copy environment from program 'env'`);
    const lines = (await query(server.host, 'select line from environment')).map(({ line }) => String(line));
    await server.stop();
    expect(lines).toContain('TZ=UTC');
    expect(lines.filter((line) => /COFFER|hunter2|HOME=/.test(line))).toEqual([]);
  });
});

describe('the test database', () => {
  it('is fresh, empty, usable, and gone after drop', async () => {
    const database = await createTestDatabase('embedded');
    const client = new pg.Client(database.connection);
    await client.connect();
    const tables = await client.query("select * from pg_tables where schemaname = 'public'");
    expect(tables.rowCount).toBe(0);
    await client.end();
    await database.drop();
    await expect(new pg.Client(database.connection).connect()).rejects.toThrow('does not exist');
  });

  it('is another one for each caller, also at the same time', async () => {
    const databases = await Promise.all(Array.from({ length: 4 }, () => createTestDatabase('same')));
    expect(new Set(databases.map(({ connection }) => connection.database)).size).toBe(4);
    await Promise.all(databases.map((database) => database.drop()));
  });
});
