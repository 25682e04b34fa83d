import { recordTerms } from '@coffer/audit-domain';
import type { AuditRecord } from '@coffer/wire';
import fc from 'fast-check';
import { walk, type Query } from './audit-read.js';
import { aMessage, aRecord, auditSetup, migrateAudit, type AuditSetup } from './audit-setup.js';

const VAULTS = { pay: 'aaaaaaaa-0000-4000-8000-000000000000', ship: 'bbbbbbbb-0000-4000-8000-000000000000' };
/** So many records of one batch share a row of the index. */
const BLOCK = 256;

const facts = fc.record({
  vaultName: fc.constantFrom('pay', 'pay', 'ship'),
  objectPath: fc.constantFrom('/keys/a', '/keys/b', '/secrets/a'),
  oid: fc.constantFrom('o1', 'o2'),
  operation: fc.constantFrom('KeySign', 'KeyGet'),
  status: fc.constantFrom(200, 200, 200, 403),
  second: fc.integer({ min: 0, max: 59 }),
});
const at = (second: number) => `2026-03-01T12:00:${String(second).padStart(2, '0')}Z`;

function sample(count: number): AuditRecord[] {
  return fc.sample(facts, { numRuns: count, seed: count }).map(({ second, vaultName, ...rest }) => {
    const vaultId = VAULTS[vaultName];
    return aRecord({ ...rest, vaultName, vaultId, time: at(second) });
  });
}

let setup: AuditSetup;
afterEach(() => setup.close());

const questions: readonly { readonly query: Query; readonly passes: (record: AuditRecord) => boolean }[] = [
  { query: { vault: 'ship' }, passes: ({ vaultId }) => vaultId === VAULTS.ship },
  {
    query: { vault: 'pay', object: 'a', status: '403' },
    passes: ({ vaultId, properties }) =>
      vaultId === VAULTS.pay && properties.id.endsWith('/a') && properties.httpStatusCode === 403,
  },
  {
    query: { operation: 'KeySign', principal: 'o2', from: at(20), to: at(25) },
    passes: ({ operationName, identity, time }) =>
      operationName === 'KeySign' && Object.values(identity.claim).includes('o2') && time >= at(20) && time < at(25),
  },
  { query: { from: at(58) }, passes: ({ time }) => time >= at(58) },
];

async function expectAllFound(log: readonly AuditRecord[]): Promise<void> {
  for (const { query, passes } of questions) {
    const expected = log.flatMap((record, index) => (passes(record) ? [index] : []));
    expect(expected.length).toBeGreaterThan(1);
    expect(await walk({ ...query, top: '7', order: 'asc' }, setup)).toEqual(expected);
    expect(await walk({ ...query, top: '7' }, setup)).toEqual(expected.reverse());
  }
}

it('finds each record that carries all that was asked for, however many came together', async () => {
  setup = await auditSetup();
  const batches = [1, 7, 8, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3, 1].map(sample);
  for (const batch of batches) await setup.log.ingest(batch.map(aMessage));

  await expectAllFound(batches.flat());
});

it('finds records that were taken before the index had blocks, and those that an instance of that time still takes', async () => {
  setup = await auditSetup({ migrated: 2 });
  const log = [sample(BLOCK + 20), sample(40), sample(30)];
  const [before = [], between = [], after = []] = log;

  await takeAsBefore(before, 0);
  await migrateAudit(setup.database, 2);
  await setup.database.query('UPDATE audit_log SET size = $1', [before.length]);
  await setup.log.ingest(between.map(aMessage));
  await takeAsBefore(after, before.length + between.length);

  await expectAllFound(log.flat());
  // And it reads what it knows under the name that it knows.
  const { rows } = await setup.database.query<{ log_index: string }>(
    "SELECT log_index FROM audit_terms WHERE term = 'o:a' ORDER BY 1",
  );
  const named = log.flat().flatMap((record, index) => (recordTerms(record).includes('o:a') ? [index] : []));
  expect(rows.map((row) => Number(row.log_index))).toEqual(named);
});

/** The statements of the first release. */
async function takeAsBefore(records: readonly AuditRecord[], from: number): Promise<void> {
  const { database } = setup;
  for (const [i, record] of records.entries()) {
    const row = [from + i, record.recordId, record.time, JSON.stringify(record)];
    await database.query(
      'INSERT INTO audit_records (log_index, record_id, time, record, sequenced_at) VALUES ($1, $2, $3, $4, now())',
      row,
    );
    await database.query('INSERT INTO audit_terms (term, log_index) SELECT unnest($1::text[]), $2', [
      recordTerms(record),
      from + i,
    ]);
  }
  const spans = `INSERT INTO audit_spans SELECT log_index / 1024, min(time), max(time) FROM audit_records GROUP BY 1
    ON CONFLICT (span) DO UPDATE SET earliest = excluded.earliest, latest = excluded.latest`;
  await database.query(spans);
}
