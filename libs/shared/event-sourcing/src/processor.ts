import type { RecordedEvent } from './event.js';
import type { Database, Feed, FeedMessage, FeedSubscription, SqlClient } from './ports.js';

/** Where a consumer stands, in its own database; written in the same transaction as the consumer's effect. */
export interface CheckpointStore {
  /** Locks and returns the last applied vaultSeq (0 when new). */
  lock(client: SqlClient, consumer: string, vaultId: string): Promise<number>;
  advance(client: SqlClient, consumer: string, vaultId: string, seq: number): Promise<void>;
  isParked(client: SqlClient, consumer: string, vaultId: string): Promise<boolean>;
  park(consumer: string, vaultId: string, atSeq: number, error: string): Promise<void>;
  /** Removes the parking; returns false when the vault was not parked. */
  release(consumer: string, vaultId: string): Promise<boolean>;
}

/** Reads what a gap hides, from the service that owns the log. */
export interface OwnerLog {
  readVault(vaultId: string, fromSeq: number, limit: number): Promise<readonly RecordedEvent[]>;
  /** Every vault with its last vaultSeq. */
  heads(): Promise<readonly { vaultId: string; seq: number }[]>;
}

export interface ProcessorOptions {
  readonly consumer: string;
  readonly topic: string;
  readonly database: Database;
  readonly checkpoints: CheckpointStore;
  readonly owner: OwnerLog;
  readonly apply: (client: SqlClient, event: RecordedEvent) => Promise<void>;
  /** A vault was parked: somebody must look. */
  readonly onParked: (vaultId: string, seq: number, error: unknown) => void;
  /** True for faults of the infrastructure (database away): the message is not poison and comes again. */
  readonly isTransient: (error: unknown) => boolean;
}

const REREAD_PAGE = 100;

/**
 * Applies a vault's events in the order of `vaultSeq`, each exactly once in effect: `seq ≤ last` is skipped,
 * `last + 1` applied, a jump re-read from the owner. A poison event parks its vault, never the others.
 */
export class Processor {
  constructor(private readonly options: ProcessorOptions) {}

  /** Rejects, with nothing left behind, when the owner cannot be read. */
  async start(feed: Feed): Promise<FeedSubscription> {
    const subscription = await feed.subscribe(
      { topics: [this.options.topic], group: this.options.consumer },
      (messages) => this.handle(messages),
    );
    try {
      await this.catchUp();
    } catch (error) {
      await subscription.stop();
      throw error;
    }
    return subscription;
  }

  /** Brings every vault up to the owner's head; used at start, when messages may have been missed. */
  async catchUp(): Promise<void> {
    for (const head of await this.options.owner.heads()) await this.#advanceTo(head.vaultId, head.seq);
  }

  /** Messages of one vault share a transaction; order is kept within each vault. */
  async handle(messages: readonly FeedMessage[]): Promise<void> {
    const byVault = new Map<string, RecordedEvent[]>();
    for (const message of messages) {
      if (message.seq === undefined) continue;
      const events = byVault.get(message.key) ?? [];
      byVault.set(message.key, events);
      events.push({ ...(message.body as RecordedEvent), vaultSeq: message.seq });
    }
    for (const [vaultId, events] of byVault) await this.#apply(vaultId, events);
  }

  /** Releases a parked vault and applies what waited. */
  async release(vaultId: string): Promise<boolean> {
    const released = await this.options.checkpoints.release(this.options.consumer, vaultId);
    if (released) {
      const head = (await this.options.owner.heads()).find((h) => h.vaultId === vaultId);
      if (head !== undefined) await this.#advanceTo(vaultId, head.seq);
    }
    return released;
  }

  async #apply(vaultId: string, events: readonly RecordedEvent[]): Promise<void> {
    const outcome = await this.#tryApply(vaultId, events);
    if (outcome === 'gap') await this.#advanceTo(vaultId, Math.max(...events.map((event) => event.vaultSeq)));
  }

  async #advanceTo(vaultId: string, target: number): Promise<void> {
    const { database, checkpoints, consumer, owner } = this.options;
    let last = await database.transaction((client) => checkpoints.lock(client, consumer, vaultId));
    while (last < target) {
      const page = await owner.readVault(vaultId, last + 1, REREAD_PAGE);
      if (page.length === 0) return;
      if ((await this.#tryApply(vaultId, page)) === 'parked') return;
      last = page.at(-1)?.vaultSeq ?? target;
    }
  }

  /** Applies what comes next, in one transaction; when an event cannot be applied, those before it one by one. */
  async #tryApply(vaultId: string, events: readonly RecordedEvent[]): Promise<Outcome> {
    try {
      return await this.#inTransaction(vaultId, events);
    } catch (error) {
      if (this.options.isTransient(error)) throw error;
      if (events.length === 1) return this.#park(vaultId, events[0]?.vaultSeq ?? 0, error);
    }
    for (const event of events) {
      const outcome = await this.#tryApply(vaultId, [event]);
      if (outcome !== 'applied') return outcome;
    }
    return 'applied';
  }

  #inTransaction(vaultId: string, events: readonly RecordedEvent[]): Promise<Outcome> {
    const { database, checkpoints, consumer, apply } = this.options;
    return database.transaction(async (client) => {
      const before = await checkpoints.lock(client, consumer, vaultId);
      if (await checkpoints.isParked(client, consumer, vaultId)) return 'parked';
      let last = before;
      for (const event of events) {
        if (event.vaultSeq > last + 1) break;
        if (event.vaultSeq <= last) continue;
        await apply(client, event);
        last = event.vaultSeq;
      }
      if (last > before) await checkpoints.advance(client, consumer, vaultId, last);
      return events.some((event) => event.vaultSeq > last) ? 'gap' : 'applied';
    });
  }

  async #park(vaultId: string, seq: number, error: unknown): Promise<Outcome> {
    const { checkpoints, consumer, onParked } = this.options;
    await checkpoints.park(consumer, vaultId, seq, error instanceof Error ? error.message : String(error));
    onParked(vaultId, seq, error);
    return 'parked';
  }
}

/** `applied` also when everything had been applied before. */
type Outcome = 'applied' | 'gap' | 'parked';
