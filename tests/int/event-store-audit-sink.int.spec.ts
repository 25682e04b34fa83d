import type { Database, SqlClient } from '@coffer/event-sourcing';
import { createAuditSink } from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import { storeSetup, type StoreSetup } from './event-store-setup.js';

describe('the audit sink', () => {
  let setup: StoreSetup;
  beforeAll(async () => {
    setup = await storeSetup();
  });
  afterAll(() => setup.close());

  const rowOf = (facts: object = {}) => ({ recordId: newId(), body: { service: 'spec', ...facts } });

  /** The database, with statements counted, and held back or refused when told to. */
  const watched = (gate: () => Promise<void> = () => Promise.resolve()) => {
    const batches: number[] = [];
    const query: SqlClient['query'] = async (text, values = []) => {
      batches.push(String(values[0]).split('\n').length);
      await gate();
      return setup.database.query(text, values);
    };
    return { batches, database: { query, transaction: (work) => setup.database.transaction(work) } satisfies Database };
  };

  it('has a record in the database when it says so', async () => {
    const sink = createAuditSink({ database: setup.database });
    const row = rowOf({ vaultId: 'vault-9', text: 'line\nfeed, "quotes" and \\' });
    await sink.record(row);
    const { rows } = await setup.database.query('SELECT key, body FROM audit_inbox WHERE record_id = $1', [
      row.recordId,
    ]);
    expect(rows).toEqual([{ key: 'vault-9', body: JSON.stringify(row.body) }]);
  });

  it('writes records that come together in one statement, and those that wait in the next', async () => {
    const { database, batches } = watched();
    const sink = createAuditSink({ database, maxBatch: 100 });
    await Promise.all(Array.from({ length: 250 }, () => sink.record(rowOf())));
    expect(batches).toEqual([100, 100, 50]);
    expect(sink.pending).toBe(0);
  });

  it('has two statements under way at most', async () => {
    const opened = Promise.withResolvers<undefined>();
    const { database, batches } = watched(() => opened.promise.then(() => undefined));
    const sink = createAuditSink({ database, maxBatch: 1 });
    const recorded = Array.from({ length: 5 }, () => sink.record(rowOf()));
    while (batches.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await setup.database.ping();
    expect(batches).toHaveLength(2);
    opened.resolve(undefined);
    await Promise.all(recorded);
    expect(batches).toHaveLength(5);
  });

  it('collects while one statement is under way, until the batch is full', async () => {
    const opened = Promise.withResolvers<undefined>();
    const { database, batches } = watched(() => opened.promise.then(() => undefined));
    const sink = createAuditSink({ database, maxBatch: 3 });
    const recorded = [sink.record(rowOf())];
    const turn = async () => {
      for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    await turn();
    recorded.push(sink.record(rowOf()));
    await turn();
    recorded.push(sink.record(rowOf()));
    await turn();
    expect(batches).toEqual([1]);
    recorded.push(sink.record(rowOf()));
    await turn();
    expect(batches).toEqual([1, 3]);
    opened.resolve(undefined);
    await Promise.all(recorded);
  });

  it('refuses every record of a batch that could not be written, and writes the next', async () => {
    let fail = true;
    const { database } = watched(() =>
      fail ? Promise.reject(new Error('relation "audit_inbox" is gone')) : Promise.resolve(),
    );
    const sink = createAuditSink({ database });
    const outcomes = await Promise.allSettled([sink.record(rowOf()), sink.record(rowOf())]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ServiceUnavailable' } });
    fail = false;
    await sink.record(rowOf());
  });

  it('refuses what would wait too long, rather than growing', async () => {
    const sink = createAuditSink({ database: setup.database, maxPending: 2 });
    const accepted = [sink.record(rowOf()), sink.record(rowOf())];
    await expect(sink.record(rowOf())).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      details: { retryAfterSeconds: 1 },
    });
    await Promise.all(accepted);
    await sink.record(rowOf());
  });

  it('writes what it has taken before it closes, and takes nothing more', async () => {
    const sink = createAuditSink({ database: setup.database, maxBatch: 1 });
    const recorded = Promise.all(Array.from({ length: 10 }, () => sink.record(rowOf())));
    await sink.close();
    expect(sink.pending).toBe(0);
    await recorded;
    await expect(sink.record(rowOf())).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });
});
