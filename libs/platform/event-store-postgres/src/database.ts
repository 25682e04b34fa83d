import type { Database, SqlClient } from '@coffer/event-sourcing';
import pg from 'pg';
import { isUnavailable, surfaced } from './faults.js';
import { query, type Result } from './prepared.js';

export interface DatabaseOptions {
  readonly connection: pg.ClientConfig;
  /** Connections at most; default 16. */
  readonly max?: number;
  /** Told of connections that end by themselves, as in a restart of the server. Must not throw. */
  readonly onError?: (error: Error) => void;
}

export interface PostgresDatabase extends Database {
  /** Rejects with ServiceUnavailable while the server cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Also how long a statement waits for a free connection. */
const CONNECT_TIMEOUT_MS = 5_000;
/** A process that froze inside a transaction must not hold a vault's head row for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/**
 * A pool of connections to one service's database. Faults of the server become ServiceUnavailable; the pool recovers by
 * itself when the server is back. A commit whose outcome is unknown is a ServiceUnavailable, too.
 */
export function openDatabase(options: DatabaseOptions): PostgresDatabase {
  const pool = new pg.Pool({
    keepAlive: true,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    ...options.connection,
    max: options.max ?? 16,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // One idle connection stays warm; the others go.
    idleTimeoutMillis: 30_000,
    min: 1,
  });
  // Sessions still say goodbye when the pool counts as ended: a server that stops meanwhile is no news.
  const onError = (error: Error): void => {
    if (!pool.ending) options.onError?.(error);
  };
  // Without both listeners a restart of the server ends this process.
  pool.on('error', onError);
  pool.on('connect', (client) => {
    client.on('error', onError);
  });
  return new PooledDatabase(pool);
}

class PooledDatabase implements PostgresDatabase {
  constructor(private readonly pool: pg.Pool) {}

  // Not `pool.query`: that ends the connection after every error, a unique violation included.
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Result<Row>> {
    return this.#withClient((client) => query<Row>(client, text, values));
  }

  transaction<T>(work: (client: SqlClient) => Promise<T>): Promise<T> {
    return this.#withClient((client) => inTransaction(client, work));
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1');
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  async #withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    try {
      client = await this.pool.connect();
      const result = await use(client);
      client.release();
      return result;
    } catch (error) {
      // A connection in an unknown state never goes back to the pool.
      client?.release(error instanceof LostTransaction || isUnavailable(error));
      throw surfaced(error instanceof LostTransaction ? error.cause : error);
    }
  }
}

/** The transaction failed, and could not be rolled back: `cause` says why it failed, the connection is of no use. */
class LostTransaction extends Error {}

async function inTransaction<T>(client: pg.PoolClient, work: (client: SqlClient) => Promise<T>): Promise<T> {
  let ended = false;
  const scoped: SqlClient = {
    query: (text, values) =>
      ended ? Promise.reject(new Error('the transaction has ended')) : query(client, text, values),
  };
  await client.query('BEGIN');
  try {
    const result = await work(scoped);
    ended = true;
    const { command } = await client.query('COMMIT');
    // PostgreSQL answers so when a statement had failed and `work` went on all the same.
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back: one of its statements had failed');
    return result;
  } catch (error) {
    ended = true;
    if (!isUnavailable(error)) await rollBack(client, error);
    throw error;
  }
}

async function rollBack(client: pg.PoolClient, cause: unknown): Promise<void> {
  try {
    await client.query('ROLLBACK');
  } catch {
    throw new LostTransaction('not rolled back', { cause });
  }
}
