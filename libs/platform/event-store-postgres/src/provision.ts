import pg from 'pg';
import { scramVerifier } from './scram.js';

export interface ServiceDatabase {
  readonly role: string;
  readonly database: string;
  /** Set at every call when given; without it the server's other ways of signing in decide. */
  readonly password?: string;
}

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** Of the advisory locks in the database that is provisioned from. */
const LOCK = 0x70726f76; // 'prov'

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
    // Of the session: a database cannot be created inside a transaction.
    await client.query(`SELECT pg_advisory_lock(${LOCK})`);
    for (const service of services) await provision(client, service);
  } finally {
    await client.end();
  }
}

/** As `provisionServices`, for one. */
export function provisionService(connection: pg.ClientConfig, service: ServiceDatabase): Promise<void> {
  return provisionServices(connection, [service]);
}

async function provision(client: pg.Client, { role, database, password }: ServiceDatabase): Promise<void> {
  if (!NAME.test(role) || !NAME.test(database)) throw new Error(`not a name: ${role}, ${database}`);
  if (!(await exists(client, 'SELECT FROM pg_roles WHERE rolname = $1', role))) {
    await client.query(`CREATE ROLE "${role}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`);
  }
  if (password !== undefined) {
    // Not the password itself: a statement may be logged.
    await client.query(`ALTER ROLE "${role}" PASSWORD ${client.escapeLiteral(scramVerifier(password))}`);
  }
  if (!(await exists(client, 'SELECT FROM pg_database WHERE datname = $1', database))) {
    await client.query(`CREATE DATABASE "${database}" OWNER "${role}"`);
  }
  // Every time: a crash may have come between the creation and this.
  await client.query(`REVOKE ALL ON DATABASE "${database}" FROM PUBLIC`);
}

async function exists(client: pg.Client, statement: string, name: string): Promise<boolean> {
  const { rowCount } = await client.query(statement, [name]);
  return rowCount === 1;
}
