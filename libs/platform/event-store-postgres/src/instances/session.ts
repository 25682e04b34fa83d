import pg from 'pg';
import { ACKS, CHANGES } from './change-sql.js';

export interface SessionOptions {
  readonly connection: pg.ClientConfig;
  /** What else the session must do before it is used; a rejection ends it. */
  readonly prepare?: (session: pg.Client) => Promise<void>;
  /** A statement without an answer for this long ends the session. */
  readonly timeoutMs: number;
  readonly onNotification: (channel: string) => void;
  readonly onEnd: (session: pg.Client) => void;
}

/** As `pg_stat_activity` shows it. */
const SESSION_NAME = 'coffer-lease';

/** A connection of its own that hears notifications. Rejects when the server cannot be reached in time. */
export async function openSession(options: SessionOptions): Promise<pg.Client> {
  const { connection, timeoutMs, onNotification, onEnd, prepare } = options;
  const session = new pg.Client({
    ...connection,
    application_name: SESSION_NAME,
    keepAlive: true,
    query_timeout: timeoutMs,
    connectionTimeoutMillis: timeoutMs,
  });
  session.on('error', () => undefined); // 'end' follows
  session.once('end', () => {
    onEnd(session);
  });
  session.on('notification', ({ channel }) => {
    onNotification(channel);
  });
  await session.connect();
  try {
    await prepare?.(session);
    await session.query(`LISTEN ${CHANGES}; LISTEN ${ACKS}`);
    return session;
  } catch (error) {
    dropSession(session);
    throw error;
  }
}

/** Ends it without waiting for a server that may be out of reach. */
export function dropSession(session: pg.Client | undefined): void {
  session?.end().catch(() => undefined);
}
