import type { Lease } from '@coffer/contracts';
import pg from 'pg';

/** Of the advisory locks of a service's database; others are the relay's and the migrations' own. */
const LOCK = 0x636f6666; // 'coff'
const RETRY_MS = 100;

/** Another process holds the database. */
export class SecondInstanceError extends Error {
  override readonly name = 'SecondInstanceError';

  constructor(service: string) {
    super(
      `Another instance of ${service} runs on the same database. Stop it first, or give this one a database of its own.`,
    );
  }
}

/** Holds the lock beside other instances that share the database: a sole writer cannot join them. Throws SecondInstanceError. */
export function shareDatabase(service: string): (session: pg.Client) => Promise<void> {
  return async (session) => {
    const { rows } = await session.query<{ held: boolean }>('SELECT pg_try_advisory_lock_shared($1) AS held', [LOCK]);
    if (rows[0]?.held !== true) throw new SecondInstanceError(service);
  };
}

export interface SoleWriter extends Lease {
  close(): Promise<void>;
}

/**
 * Makes this process the only writer of a service's database, so that its caches are exact: a session holds an advisory
 * lock for as long as the process lives. While the session is lost (database restart) nothing is served from a cache;
 * when another process has taken the lock by then, `onLost` is called and this one must stop (docs/adr/0003).
 */
export async function becomeSoleWriter(
  service: string,
  connection: pg.ClientConfig,
  onLost: (error: Error) => void,
): Promise<SoleWriter> {
  const writer = new AdvisoryLockWriter(service, connection, onLost);
  await writer.acquire();
  return writer;
}

class AdvisoryLockWriter implements SoleWriter {
  #session: pg.Client | undefined;
  #closed = false;

  constructor(
    private readonly service: string,
    private readonly connection: pg.ClientConfig,
    private readonly onLost: (error: Error) => void,
  ) {}

  live(): boolean {
    return this.#session !== undefined;
  }

  async acquire(): Promise<void> {
    const session = new pg.Client({ ...this.connection, keepAlive: true });
    session.on('error', () => undefined); // 'end' follows
    try {
      await session.connect();
      const { rows } = await session.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [LOCK]);
      if (rows[0]?.held !== true) throw new SecondInstanceError(this.service);
    } catch (error) {
      await session.end().catch(() => undefined);
      throw error;
    }
    if (this.#closed) return session.end();
    session.once('end', () => {
      this.#session = undefined;
      if (!this.#closed) void this.#reacquire();
    });
    this.#session = session;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#session?.end();
  }

  /** The old session's lock ends with the old server process, which may take a moment to notice. */
  async #reacquire(): Promise<void> {
    let refused = 0;
    while (!this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      try {
        await this.acquire();
        return;
      } catch (error) {
        if (!(error instanceof SecondInstanceError)) continue; // the database is still away
        refused += 1;
        if (refused < 50) continue;
        this.onLost(error);
        return;
      }
    }
  }
}
