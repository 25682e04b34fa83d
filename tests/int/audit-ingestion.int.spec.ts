import { canonicalJson } from '@coffer/audit-domain';
import { AuditLog, AuditModule } from '@coffer/audit-feature';
import { topics } from '@coffer/contracts';
import type { Database, Feed, FeedMessage, SqlClient } from '@coffer/event-sourcing';
import { Test } from '@nestjs/testing';
import { aMessage, aRecord, auditSetup, type AuditSetup } from './audit-setup.js';

interface Row {
  readonly log_index: string;
  readonly record_id: string;
  readonly vault_id: string | null;
  readonly vault_index: string | null;
  readonly record: string;
}

describe('the audit log takes records from the feed', () => {
  let setup: AuditSetup;
  beforeEach(async () => {
    setup = await auditSetup();
  });
  afterEach(async () => {
    await setup.close();
  });

  const rows = async () => (await setup.database.query<Row>('SELECT * FROM audit_records ORDER BY log_index')).rows;
  const ids = async () => (await rows()).map((row) => row.record_id);

  it('numbers them without gap in the order of delivery, in the log and in each vault', async () => {
    const records = ['a', 'b', undefined, 'a', 'a', 'b'].map((vaultId) =>
      aRecord(vaultId === undefined ? {} : { vaultId }),
    );

    await setup.log.ingest(records.slice(0, 4).map(aMessage));
    await setup.log.ingest(records.slice(4).map(aMessage));

    const placed = (await rows()).map((row) => [row.log_index, row.record_id, row.vault_id, row.vault_index]);
    const vaultIndexes = ['0', '0', null, '1', '2', '1'];
    expect(placed).toEqual(
      records.map((record, i) => [String(i), record.recordId, record.vaultId ?? null, vaultIndexes[i]]),
    );
  });

  it('keeps the canonical form of a record, however its members were ordered on the way', async () => {
    const record = aRecord({ vaultId: 'a', objectPath: '/secrets/d\u00e4-\u20ac' });
    const shuffled = Object.fromEntries(Object.entries(record).reverse());

    await setup.log.ingest([{ ...aMessage(record), body: shuffled }]);

    expect((await rows()).map((row) => row.record)).toEqual([canonicalJson(record)]);
  });

  it('ignores a second delivery, inside one batch and later', async () => {
    const [first, second] = [aRecord({ vaultId: 'a' }), aRecord({ vaultId: 'a' })];

    await setup.log.ingest([first, first].map(aMessage));
    await setup.log.ingest([first, second, first].map(aMessage));

    expect(await ids()).toEqual([first.recordId, second.recordId]);
    expect(setup.parked).toEqual([]);
  });

  it('has no gap and no double under 16 publishers and two instances, each vault in the order of its publisher', async () => {
    const instances = [setup.log, new AuditLog(setup.ports)];
    const published = Array.from({ length: 16 }, (_, publisher) =>
      Array.from({ length: 60 }, (__, i) => aRecord(i % 5 === 4 ? {} : { vaultId: `v${publisher}-${i % 2}` })),
    );

    await Promise.all(
      published.map(async (records, publisher) => {
        for (let i = 0; i < records.length; i += 7) {
          // Overlapping deliveries, as after a relay's restart; the other instance gets them too.
          const batch = records.slice(Math.max(0, i - 3), i + 7).map(aMessage);
          await instances[publisher % 2]?.ingest(batch);
          await instances[(publisher + 1) % 2]?.ingest(batch);
        }
      }),
    );

    const stored = await rows();
    expect(stored.map((row) => Number(row.log_index))).toEqual(Array.from({ length: 16 * 60 }, (_, i) => i));
    for (const vaultId of new Set(published.flat().flatMap((record) => record.vaultId ?? []))) {
      const ofVault = stored.filter((row) => row.vault_id === vaultId);
      expect(ofVault.map((row) => Number(row.vault_index))).toEqual(ofVault.map((_, i) => i));
      expect(ofVault.map((row) => row.record_id)).toEqual(
        published.flat().flatMap((record) => (record.vaultId === vaultId ? record.recordId : [])),
      );
    }
  });

  it('parks what is no record, whole and once, raises an alarm and takes the others', async () => {
    const [before, after] = [aRecord(), aRecord()];
    const poison: FeedMessage = { ...aMessage(aRecord()), id: 'poison', body: { note: 'nul \u0000 \ud800' } };

    await setup.log.ingest([aMessage(before), poison, aMessage(after)]);
    await setup.log.ingest([poison]);

    expect(await ids()).toEqual([before.recordId, after.recordId]);
    expect(setup.parked).toEqual([
      { messageId: 'poison', key: poison.key, reason: 'member recordId is missing or not valid' },
    ]);
    const { rows: kept } = await setup.database.query<{ message: string }>('SELECT message FROM audit_parked');
    expect(kept.map((row) => JSON.parse(row.message) as unknown)).toEqual([poison]);
  });

  it('parks a body that JSON cannot hold instead of stopping at it', async () => {
    const record = aRecord();

    await setup.log.ingest([{ ...aMessage(record), body: 10n }, aMessage(record)]);

    expect(await ids()).toEqual([record.recordId]);
    const { rows: kept } = await setup.database.query<{ message: string }>('SELECT message FROM audit_parked');
    expect(kept[0]?.message).toContain('body: 10n');
  });

  it('parks a record that claims the id of another one, and keeps the first', async () => {
    const first = aRecord({ vaultId: 'a', operation: 'SecretSet' });
    const impostor = aRecord({ vaultId: 'a', recordId: first.recordId, operation: 'SecretGet' });

    await setup.log.ingest([first, impostor].map(aMessage));
    await setup.log.ingest([aMessage(impostor)]);

    expect((await rows()).map((row) => row.record)).toEqual([canonicalJson(first)]);
    expect(setup.parked.map((parked) => parked.reason)).toEqual(['the recordId is taken by a record of other content']);
  });

  it('parks a record whose content the database refuses, and takes the others of its batch in order', async () => {
    // A year that ISO 8601 knows and PostgreSQL does not.
    const times = ['2026-03-01T12:00:00Z', '0000-03-01T12:00:00Z', '2026-03-01T12:00:01Z'];
    const records = times.map((time) => aRecord({ vaultId: 'a', time }));

    await setup.log.ingest(records.map(aMessage));

    expect(await ids()).toEqual([records[0]?.recordId, records[2]?.recordId]);
    expect((await rows()).map((row) => row.vault_index)).toEqual(['0', '1']);
    expect(setup.parked.map((parked) => parked.messageId)).toEqual([records[1]?.recordId]);
  });

  it('takes a parked record when it is tried again after its cause is mended, and leaves the others parked', async () => {
    const [record, other] = [aRecord({ vaultId: 'a' }), aRecord({ vaultId: 'a' })];
    const log = new AuditLog({ ...setup.ports, database: failing(setup.database, record.recordId, '22P05') });
    const poison = { ...aMessage(aRecord()), body: 'no record' };
    const impostor = aMessage(aRecord({ recordId: other.recordId, operation: 'KeyGet' }));
    await log.ingest([aMessage(other), aMessage(record), poison, impostor, { ...poison, body: 10n }]);

    await expect(setup.log.retryParked()).resolves.toBe(1);

    expect(await ids()).toEqual([other.recordId, record.recordId]);
    const { rows: left } = await setup.database.query('SELECT 1 FROM audit_parked');
    expect(left).toHaveLength(3);
  });

  it('rejects while the database fails, so that the feed delivers again, and loses nothing', async () => {
    const records = [aRecord(), aRecord()];
    const refused = records[1]?.recordId ?? '';
    const log = new AuditLog({ ...setup.ports, database: failing(setup.database, refused, '57P01') });

    await expect(log.ingest(records.map(aMessage))).rejects.toThrow('refused');
    expect(await ids()).toEqual([]);
    await setup.log.ingest(records.map(aMessage));

    expect(await ids()).toEqual(records.map((record) => record.recordId));
    expect(setup.parked).toEqual([]);
  });

  it('tells the index of a record once it is in the log, whether asked before or after', async () => {
    const [first, second] = [aRecord(), aRecord()];
    const early = setup.log.settled(second.recordId);

    await setup.log.ingest([first, second].map(aMessage));

    await expect(early).resolves.toBe(1);
    await expect(setup.log.settled(first.recordId)).resolves.toBe(0);
  });

  it('subscribes to the audit topic as the group audit-log when the app starts, and stops with it', async () => {
    const feed = new RecordingFeed();
    const module = AuditModule.for({ ...setup.ports, feed });
    const app = await Test.createTestingModule({ imports: [module] }).compile();

    await app.init();
    expect(feed.subscribed).toEqual([{ topics: [topics.audit], group: 'audit-log' }]);
    const record = aRecord();
    await feed.publish([aMessage(record)]);
    expect(await ids()).toEqual([record.recordId]);

    await app.close();
    expect(feed.subscribed).toEqual([]);
  });
});

/** Fails the statement that would insert the record, as PostgreSQL does with this SQLSTATE. */
function failing(database: Database, recordId: string, code: string): Database {
  const over = (client: SqlClient): SqlClient => ({
    query: (text, values) => {
      const inserts = text.startsWith('INSERT INTO audit_records') && JSON.stringify(values).includes(recordId);
      return inserts ? Promise.reject(Object.assign(new Error('refused'), { code })) : client.query(text, values);
    },
  });
  return { ...over(database), transaction: (work) => database.transaction((client) => work(over(client))) };
}

class RecordingFeed implements Feed {
  readonly subscribed: { topics: readonly string[]; group: string }[] = [];
  #handle: (messages: readonly FeedMessage[]) => Promise<void> = () => Promise.resolve();

  publish(messages: readonly FeedMessage[]): Promise<void> {
    return this.#handle(messages);
  }

  subscribe(options: { topics: readonly string[]; group: string }, handle: typeof this.publish) {
    this.subscribed.push(options);
    this.#handle = handle;
    const stop = () => {
      this.subscribed.splice(0);
      return Promise.resolve();
    };
    return Promise.resolve({ stop });
  }
}
