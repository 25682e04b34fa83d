import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import {
  eventStoreMigrations,
  migrate,
  openDatabase,
  provisionService,
  provisionServices,
} from '@coffer/event-store-postgres';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

describe('the role of a service', () => {
  const suffix = randomBytes(4).toString('hex');
  const services = ['vaults', 'keys'].map((name) => ({
    role: `coffer_${name}_${suffix}`,
    database: `coffer_${name}_${suffix}`,
  }));
  const [vaults, keys] = services as [(typeof services)[0], (typeof services)[0]];
  let admin: TestDatabase;
  beforeAll(async () => {
    admin = await createTestDatabase('roles');
    // Twice at once, and once more: as instances of the services do at their start.
    await Promise.all([1, 2].map(() => provisionServices(admin.connection, services)));
    await provisionService(admin.connection, vaults);
  });
  afterAll(async () => {
    for (const { role, database } of services) {
      await as(admin.connection, `DROP DATABASE "${database}" WITH (FORCE)`);
      await as(admin.connection, `DROP ROLE "${role}"`);
    }
    await admin.drop();
  });

  const inDatabase = (role: string, database: string) => ({ host: admin.connection.host, user: role, database });

  it('migrates and uses its own database', async () => {
    const database = openDatabase({ connection: inDatabase(keys.role, keys.database) });
    await migrate(database, [eventStoreMigrations]);
    expect((await database.query('SELECT FROM events')).rowCount).toBe(0);
    await database.close();
  });

  it('cannot connect to the database of another', async () => {
    const refused = as(inDatabase(vaults.role, keys.database), 'SELECT 1');
    await expect(refused).rejects.toThrow(`permission denied for database "${keys.database}"`);
  });

  it('cannot let itself in, become the other role, or reach beyond its own database', async () => {
    const own = inDatabase(vaults.role, vaults.database);
    for (const statement of [
      `GRANT CONNECT ON DATABASE "${keys.database}" TO "${vaults.role}"`,
      `SET ROLE "${keys.role}"`,
      `ALTER DATABASE "${keys.database}" OWNER TO "${vaults.role}"`,
      `CREATE ROLE intruder_${suffix} SUPERUSER`,
      `COPY (SELECT 1) TO PROGRAM 'true'`,
      `SELECT pg_read_file('PG_VERSION')`,
    ]) {
      await expect(as(own, statement)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('gets its password as a verifier, which the server keeps as it is', async () => {
    const password = 'correct horse battery staple';
    await provisionService(admin.connection, { ...vaults, password });
    const sql = `SELECT rolpassword AS kept FROM pg_authid WHERE rolname = '${vaults.role}'`;
    const kept = String((await as(admin.connection, sql))[0]?.['kept']);
    const [, salt = '', storedKey] = /^SCRAM-SHA-256\$4096:(.+)\$(.+):/.exec(kept) ?? [];
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), 4096, 32, 'sha256');
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    expect(createHash('sha256').update(clientKey).digest('base64')).toBe(storedKey);
  });
});

async function as(connection: pg.ClientConfig, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
