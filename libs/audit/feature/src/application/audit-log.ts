import { inspect } from 'node:util';
import { checkRecord } from '@coffer/audit-domain';
import { topics } from '@coffer/contracts';
import type { FeedMessage, FeedSubscription, SqlClient } from '@coffer/event-sourcing';
import { deleteParked, insertParked, listParked } from '../postgres/parked.js';
import { findRecords } from '../postgres/records.js';
import type { AuditPorts } from './ports.js';
import { entryMaker, sequenceRecords, type Entry } from './sequence-records.js';

/** Messages of one transaction: bounds how long the log's lock is held. */
const BATCH = 500;

interface Rejected {
  readonly message: FeedMessage;
  readonly reason: string;
}

/** Takes audit records from the feed into the log. Every message ends in the log or among the parked, none is dropped. */
export class AuditLog {
  readonly #waiting = new Map<string, ((index: number) => void)[]>();
  #subscription: FeedSubscription | undefined;

  constructor(private readonly ports: Pick<AuditPorts, 'database' | 'feed' | 'clock' | 'onParked'>) {}

  /** Begins to take records; the migrations must have run. Start relays after it: a feed keeps nothing for who comes late. */
  async start(): Promise<void> {
    const options = { topics: [topics.audit], group: 'audit-log' };
    this.#subscription ??= await this.ports.feed.subscribe(options, (messages) => this.ingest(messages));
  }

  /** Resolves when the running batch is done. */
  async stop(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    await subscription?.stop();
  }

  onApplicationBootstrap(): Promise<void> {
    return this.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.stop();
  }

  /** Resolves when every message is in the log or parked; rejects only for faults of the database, to be called again. */
  async ingest(messages: readonly FeedMessage[]): Promise<void> {
    for (let start = 0; start < messages.length; start += BATCH) {
      await this.#ingestBatch(messages.slice(start, start + BATCH));
    }
  }

  /** The record's index in the log; waits until this process has ingested it. */
  async settled(recordId: string): Promise<number> {
    const ingested = new Promise<number>((resolve) => {
      this.#waiting.set(recordId, [...(this.#waiting.get(recordId) ?? []), resolve]);
    });
    const found = (await findRecords(this.ports.database, [recordId])).get(recordId);
    if (found !== undefined) this.#announce(recordId, found.index);
    return ingested;
  }

  /** Tries every parked message again, after its cause was mended; returns how many are in the log now. */
  async retryParked(): Promise<number> {
    let released = 0;
    for (const parked of await listParked(this.ports.database)) {
      try {
        if (await this.#retry(parked)) released += 1;
      } catch (error) {
        if (!isDataFault(error)) throw error;
      }
    }
    return released;
  }

  async #retry({ fingerprint, message }: { fingerprint: Buffer; message: string }): Promise<boolean> {
    const { database, clock } = this.ports;
    const check = checkRecord(bodyOf(message));
    if (!check.valid) return false;
    const indexes = await database.transaction(async (client) => {
      const batch = await sequenceRecords(client, [entryMaker()(check)], clock.now());
      if (batch.impostors.size > 0) return undefined;
      await deleteParked(client, fingerprint);
      return batch.indexes;
    });
    for (const [recordId, index] of indexes ?? []) this.#announce(recordId, index);
    return indexes !== undefined;
  }

  async #ingestBatch(messages: readonly FeedMessage[]): Promise<void> {
    try {
      await this.#store(messages);
    } catch (error) {
      if (!isDataFault(error)) throw error;
      // The database refuses some record's content: find it, and let the others pass.
      for (const message of messages) await this.#ingestOne(message);
    }
  }

  async #ingestOne(message: FeedMessage): Promise<void> {
    try {
      await this.#store([message]);
    } catch (error) {
      if (!isDataFault(error)) throw error;
      await this.#store([], [{ message, reason: 'the database cannot hold the record' }]);
    }
  }

  async #store(messages: readonly FeedMessage[], refused: readonly Rejected[] = []): Promise<void> {
    const { database, clock, onParked } = this.ports;
    const valid = new Map<Entry, FeedMessage>();
    const entryOf = entryMaker();
    const rejected = [...refused];
    for (const message of messages) {
      const check = checkRecord(message.body);
      if (check.valid) valid.set(entryOf(check, message.text), message);
      else rejected.push({ message, reason: check.reason });
    }
    const { indexes, parked } = await database.transaction(async (client) => {
      const batch = await sequenceRecords(client, [...valid.keys()], clock.now());
      const impostors = [...batch.impostors].flatMap((entry) => valid.get(entry) ?? []);
      const reason = 'the recordId is taken by a record of other content';
      const all = [...rejected, ...impostors.map((message) => ({ message, reason }))];
      return { indexes: batch.indexes, parked: await this.#park(client, all) };
    });
    for (const [recordId, index] of indexes) this.#announce(recordId, index);
    for (const { message, reason } of parked) onParked({ messageId: message.id, key: message.key, reason });
  }

  /** Returns those that were not parked before. */
  async #park(client: SqlClient, rejected: readonly Rejected[]): Promise<readonly Rejected[]> {
    const parked: Rejected[] = [];
    for (const entry of rejected) {
      const row = { message: serialise(entry.message), reason: entry.reason };
      if (await insertParked(client, row, this.ports.clock.now())) parked.push(entry);
    }
    return parked;
  }

  #announce(recordId: string, index: number): void {
    const waiting = this.#waiting.get(recordId) ?? [];
    this.#waiting.delete(recordId);
    for (const resolve of waiting) resolve(index);
  }
}

/** Whole, whatever it is: an in-process feed may carry values that JSON cannot. */
function serialise(message: FeedMessage): string {
  try {
    return JSON.stringify({ ...message, text: undefined });
  } catch {
    return inspect(message, { depth: null, maxArrayLength: null, maxStringLength: null });
  }
}

function bodyOf(message: string): unknown {
  try {
    return (JSON.parse(message) as Partial<FeedMessage>).body;
  } catch {
    return undefined;
  }
}

/**
 * True when the database refuses the values themselves (SQLSTATE classes 22 data exception, 23 integrity violation,
 * 54 program limit), so that trying again cannot help.
 */
function isDataFault(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code: unknown = 'code' in cause ? cause.code : undefined;
    if (typeof code === 'string' && /^(22|23|54)[0-9A-Z]{3}$/.test(code)) return true;
  }
  return false;
}
