import pg from 'pg';

/** Of the advisory locks in a service's database. */
const LOCK = 0x72656c79; // 'rely'

/** An advisory lock that one session holds for as long as it lives; whoever loses the session loses the lock. */
export class LeaderLock {
  #session: pg.Client | undefined;

  constructor(private readonly connection: pg.ClientConfig) {}

  /** Takes the lock unless it is held here or elsewhere; true while it is held here. Rejects when the server cannot be reached. */
  async hold(): Promise<boolean> {
    if (this.#session !== undefined) return true;
    const session = new pg.Client({ ...this.connection, keepAlive: true });
    session.on('error', () => undefined); // 'end' follows
    await session.connect();
    const { rows } = await session.query<{ held: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS held`);
    if (rows[0]?.held !== true) {
      await session.end();
      return false;
    }
    session.once('end', () => {
      if (this.#session === session) this.#session = undefined;
    });
    this.#session = session;
    return true;
  }

  async release(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.end();
  }
}
