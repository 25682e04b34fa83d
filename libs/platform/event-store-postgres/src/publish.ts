import type { Feed, FeedMessage, RecordedEvent, SqlClient } from '@coffer/event-sourcing';
import * as outbox from './outbox.js';

/** Audit records of one call of the feed. */
const BATCH = 500;
/** The same of events, each of which may be a thousand times as large. */
const EVENT_BATCH = 100;

/** One pass of the relay. */
export interface Pass {
  /** Reads. */
  readonly database: SqlClient;
  /** Holds the relay's lock: what has been published is noted through it, so that nobody does who has lost it. */
  readonly session: SqlClient;
  readonly feed: Feed;
  readonly isStopping: () => boolean;
  /** Lets audit records of this age (milliseconds, by their own time) wait for a later pass; absent: none waits. */
  readonly mayWait?: (ageMs: number) => boolean;
}

/** Publishes the events that the log holds now, vaults side by side; stops early when told to. */
export async function publishEvents({ database, session, feed, isStopping }: Pass, topic: string): Promise<void> {
  for (const spans of batched(await outbox.selectUnpublished(database))) {
    if (isStopping()) return;
    const events = await outbox.selectSpans(database, spans);
    await feed.publish(events.map((event) => eventMessage(topic, event)));
    await outbox.storeCursors(session, spans);
  }
}

/**
 * Publishes the audit records that are in the inbox now behind a position (0: all), and deletes them from it; those that
 * may wait stay. Tells `published` their positions. Whether it came to the end.
 */
export async function publishAudit(
  pass: Pass,
  topic: string,
  start: number,
  published: (positions: readonly number[]) => void,
): Promise<boolean> {
  const { database, session, feed, isStopping } = pass;
  for (let after = start; !isStopping();) {
    if (await oldestMayWait(pass, after)) return false;
    const rows = await outbox.selectAuditRows(database, after, BATCH);
    const last = rows.at(-1);
    if (last === undefined) return true;
    await feed.publish(rows.map((row) => auditMessage(topic, row)));
    // These very rows: one that commits late has a lower position and is still to come, in a later pass.
    await outbox.deleteAuditRows(
      session,
      rows.map((row) => row.position),
    );
    published(rows.map((row) => Number(row.position)));
    if (rows.length < BATCH) return true;
    after = Number(last.position);
  }
  return false;
}

async function oldestMayWait({ database, mayWait }: Pass, after: number): Promise<boolean> {
  // Not under pressure: the common case costs no look.
  if (mayWait?.(0) !== true) return false;
  const [oldest] = await outbox.selectAuditRows(database, after, 1);
  return oldest !== undefined && mayWait(Date.now() - Date.parse(timeOf(oldest)));
}

/** How every record of ours ends, its members being in canonical order. What it matches is no part of an inner object. */
const TIME = /"time":"([^"\\]*)"(?:,"vaultId":"[^"\\]*")?\}$/;

function timeOf({ body }: outbox.AuditInboxRow): string {
  return TIME.exec(body)?.[1] ?? (JSON.parse(body) as { readonly time?: string }).time ?? '';
}

/** Cuts long spans and joins short ones, so that each batch has at most EVENT_BATCH events. */
function* batched(spans: readonly outbox.Span[]): Generator<readonly outbox.Span[]> {
  let batch: outbox.Span[] = [];
  let room = EVENT_BATCH;
  for (const { vaultId, after, upTo } of spans) {
    for (let from = after; from < upTo;) {
      const to = Math.min(upTo, from + room);
      batch.push({ vaultId, after: from, upTo: to });
      room -= to - from;
      from = to;
      if (room > 0) continue;
      yield batch;
      batch = [];
      room = EVENT_BATCH;
    }
  }
  if (batch.length > 0) yield batch;
}

function eventMessage(topic: string, event: RecordedEvent): FeedMessage {
  const { vaultId: key, eventId: id, type, vaultSeq: seq, recordedAt: time } = event;
  const { traceparent } = event.meta;
  const headers = traceparent === undefined ? {} : { headers: { traceparent } };
  return { topic, key, id, type, seq, time, body: event, ...headers };
}

function auditMessage(topic: string, row: outbox.AuditInboxRow): FeedMessage {
  const { key, recordId: id, body: text } = row;
  return {
    topic,
    key,
    id,
    type: 'AuditEvent',
    time: timeOf(row),
    text,
    // Taken apart only for who looks into it: what goes to Kafka goes as text.
    get body(): unknown {
      return JSON.parse(text) as unknown;
    },
  };
}
