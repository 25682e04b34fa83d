import type { SqlClient } from '@coffer/event-sourcing';
import pg from 'pg';
import { surfaced } from './faults.js';
import { query } from './prepared.js';

/** Advisory locks in a service's database: one relay of each kind is active. */
export const RELAY = 0x72656c79; // 'rely'
/** Of a relay for audit records alone, which runs beside one for events. */
export const AUDIT_RELAY = 0x72656c61; // 'rela'
/** Channel on which the holder is told that another process has committed something. */
export const NUDGE = 'coffer_relay';

/** An advisory lock that one session holds for as long as it lives; whoever loses the session loses the lock. */
export class LeaderLock {
  #session: pg.Client | undefined;
  /** The session, once it has the lock. */
  #held: SqlClient | undefined;

  constructor(
    private readonly connection: pg.ClientConfig,
    private readonly lock: number,
    /** Something was committed in another process, which says what; called while the lock is held. */
    private readonly onNudge: (what: string | undefined) => void,
  ) {}

  /**
   * The session that holds the lock, taken now if need be; `undefined` while another one has it. What only the holder may do
   * goes through this session: it fails with the lock. The same object for as long as it holds. Rejects when the server
   * cannot be reached.
   */
  async hold(): Promise<SqlClient | undefined> {
    try {
      this.#session ??= await this.#connect();
      // Not the waiting form: a session that waits inside a statement keeps the server from clearing dead rows.
      if (this.#held === undefined && (await tryLock(this.#session, this.lock))) {
        await this.#session.query(`LISTEN ${NUDGE}`);
        this.#held = throughSession(this.#session);
      }
      return this.#held;
    } catch (error) {
      await this.release();
      throw surfaced(error);
    }
  }

  async release(): Promise<void> {
    const session = this.#session;
    this.#forget(session);
    await session?.end().catch(() => undefined);
  }

  async #connect(): Promise<pg.Client> {
    const session = new pg.Client({ ...this.connection, keepAlive: true });
    session.on('error', () => undefined); // 'end' follows
    session.once('end', () => {
      this.#forget(session);
    });
    session.on('notification', ({ payload }) => {
      this.onNudge(payload);
    });
    await session.connect();
    return session;
  }

  #forget(session: pg.Client | undefined): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#held = undefined;
  }
}

async function tryLock(session: pg.Client, lock: number): Promise<boolean> {
  const { rows } = await session.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [lock]);
  return rows[0]?.held === true;
}

function throughSession(session: pg.Client): SqlClient {
  return {
    query: async (text, values) => {
      try {
        return await query(session, text, values);
      } catch (error) {
        throw surfaced(error);
      }
    },
  };
}
