import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  consumerMigrations,
  eventStoreMigrations,
  migrate,
  MigrationError,
  openDatabase,
  type MigrationSet,
  type PostgresDatabase,
} from '@coffer/event-store-postgres';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

describe('migrations', () => {
  let test: TestDatabase;
  let database: PostgresDatabase;
  let directory: string;
  let set: MigrationSet;
  beforeEach(async () => {
    test = await createTestDatabase('migrations');
    database = openDatabase({ connection: test.connection });
    directory = await mkdtemp(path.join(tmpdir(), 'coffer-migrations-'));
    set = { component: 'spec', directory: pathToFileURL(`${directory}/`) };
  });
  afterEach(async () => {
    await database.close();
    await test.drop();
    await rm(directory, { recursive: true });
  });

  const file = (name: string, sql: string) => writeFile(path.join(directory, name), sql);
  const one = () => file('0001-one.sql', 'CREATE TABLE one (id int); INSERT INTO one VALUES (1);\n');
  const count = async (table: string) => (await database.query(`SELECT FROM ${table}`)).rowCount;

  it('apply each file once, however often and from how many processes at once they run', async () => {
    await one();
    await file('0002-two.sql', 'INSERT INTO one VALUES (2)');
    const other = openDatabase({ connection: test.connection });
    await Promise.all([database, other, database, other].map((each) => migrate(each, [set])));
    await migrate(database, [set]);
    expect(await count('one')).toBe(2);
    await other.close();
  });

  it('apply what a later release adds', async () => {
    await one();
    await migrate(database, [set]);
    await file('0002-two.sql', 'INSERT INTO one VALUES (2)');
    await migrate(database, [set]);
    expect(await count('one')).toBe(2);
  });

  it('refuse an applied file that was edited, and take line ends for no edit', async () => {
    await one();
    await migrate(database, [set]);
    await file('0001-one.sql', 'CREATE TABLE one (id int); INSERT INTO one VALUES (1);\r\n');
    await migrate(database, [set]);
    await file('0001-one.sql', 'CREATE TABLE one (id bigint);');
    await expect(migrate(database, [set])).rejects.toThrow(/spec\/0001-one\.sql was applied .* in another form/);
  });

  it('refuse a gap in the numbers', async () => {
    await one();
    await file('0003-three.sql', 'SELECT 1');
    await expect(migrate(database, [set])).rejects.toThrow('spec/0003-three.sql: expected the number 2.');
  });

  it('leave nothing behind when a file fails, and name it', async () => {
    await one();
    await file('0002-two.sql', 'INSERT INTO nowhere VALUES (1)');
    const failure = migrate(database, [set]);
    await expect(failure).rejects.toThrow(MigrationError);
    await expect(failure).rejects.toThrow('spec/0002-two.sql failed: relation "nowhere" does not exist');
    const { rows } = await database.query(`SELECT to_regclass('one') AS one, to_regclass('schema_migrations') AS all`);
    expect(rows).toEqual([{ one: null, all: null }]);
  });

  it('run on over a database that a newer release has migrated, and say so', async () => {
    await one();
    await file('0002-two.sql', 'INSERT INTO one VALUES (2)');
    await migrate(database, [set]);
    await rm(path.join(directory, '0002-two.sql'));
    const unknown: unknown[] = [];
    await migrate(database, [set], { onUnknown: (migration) => unknown.push(migration) });
    expect(unknown).toEqual([{ component: 'spec', file: '0002-two.sql' }]);
  });

  it.each(['access/feature', 'audit/feature', 'identity/feature', 'keys/feature', 'platform/keyring', 'composition'])(
    'of libs/%s stand beside those of the event store in one database',
    async (project) => {
      const own = { component: project, directory: new URL(`../../libs/${project}/migrations/`, import.meta.url) };
      await migrate(database, [eventStoreMigrations, consumerMigrations, own]);
      expect(await count('schema_migrations')).toBeGreaterThanOrEqual(3);
    },
  );
});
