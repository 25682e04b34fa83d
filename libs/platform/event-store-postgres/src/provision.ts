import pg from 'pg';

export interface ServiceDatabase {
  readonly role: string;
  readonly database: string;
}

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** CREATE for what exists already, also when another process was first. */
const EXISTS = new Set(['42710', '42P04', '23505']);

/**
 * Sees that each service has a role and a database of its own, which no other role may enter. `connection` belongs to a
 * superuser or to a role that may create both. May be repeated, also by two processes at once.
 */
export async function provisionServices(
  connection: pg.ClientConfig,
  services: readonly ServiceDatabase[],
): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined); // the statement under way rejects
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>('SELECT datname AS name FROM pg_database');
    const present = new Set(rows.map(({ name }) => name));
    for (const { role, database } of services) {
      if (!NAME.test(role) || !NAME.test(database)) throw new Error(`not a name: ${role}, ${database}`);
      if (!present.has(database)) {
        await unlessExists(client, `CREATE ROLE "${role}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`);
        await unlessExists(client, `CREATE DATABASE "${database}" OWNER "${role}"`);
      }
      // Every time: a crash may have come between the creation and this.
      await client.query(`REVOKE ALL ON DATABASE "${database}" FROM PUBLIC`);
    }
  } finally {
    await client.end();
  }
}

async function unlessExists(client: pg.Client, statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (error) {
    if (!EXISTS.has((error as { code?: string }).code ?? '')) throw error;
  }
}
