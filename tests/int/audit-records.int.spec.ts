import type { Database } from '@coffer/event-sourcing';
import { aMessage, aRecord, auditSetup, type AuditSetup } from './audit-setup.js';
import { indexes, queryOf, read, walk, type Query } from './audit-read.js';

const VAULT_A = 'aaaaaaaa-0000-4000-8000-000000000000';
const VAULT_B = 'bbbbbbbb-0000-4000-8000-000000000000';
const VERSION = '0123456789abcdef0123456789abcdef';

describe('GET /records', () => {
  let setup: AuditSetup;
  beforeAll(async () => {
    setup = await auditSetup();
    const a = { vaultId: VAULT_A, vaultName: 'Pay' };
    const b = { vaultId: VAULT_B, vaultName: 'ship' };
    const records = [
      aRecord({ ...a, operation: 'SecretSet', time: '2026-03-01T12:00:00.000Z' }),
      aRecord({ ...a, objectPath: `/secrets/DB/${VERSION}`, time: '2026-03-01T12:00:01.500Z' }),
      aRecord({ ...a, objectPath: '/secrets/db-2', oid: 'oid-2', time: '2026-03-01T12:00:02.000Z' }),
      aRecord({ ...a, objectPath: '/keys/db', operation: 'KeySign', appid: 'app-2', time: '2026-03-01T12:00:03.000Z' }),
      aRecord({ ...b, status: 403, time: '2026-03-01T12:00:04.000Z' }),
      aRecord({ ...b, status: 404, oid: 'app-1', appid: 'app-3', time: '2026-03-01T12:00:03.500Z' }),
      aRecord({ operation: 'SubscriptionList', objectPath: '', time: '2026-03-02T00:00:00.000Z' }),
    ];
    await setup.log.ingest(records.map(aMessage));
  });
  afterAll(async () => {
    await setup.close();
  });

  it.each<[Query, number[]]>([
    [{}, [6, 5, 4, 3, 2, 1, 0]],
    [{ order: 'desc' }, [6, 5, 4, 3, 2, 1, 0]],
    [{ order: 'asc' }, [0, 1, 2, 3, 4, 5, 6]],
    [{ vault: 'pay' }, [3, 2, 1, 0]],
    [{ vault: 'PAY' }, [3, 2, 1, 0]],
    [{ vault: VAULT_B }, [5, 4]],
    [{ vault: 'unknown' }, []],
    [{ object: 'db' }, [5, 4, 3, 1, 0]],
    [{ object: 'https://pay.vault.localhost:8443/secrets/db' }, [1, 0]],
    [{ object: `https://pay.vault.localhost:8443/secrets/db/${VERSION}` }, [1]],
    [{ object: 'https://pay.vault.localhost:8443/secrets/' }, [2, 1, 0]],
    [{ object: 'https://ship.vault.localhost:8443' }, [5, 4]],
    [{ principal: 'oid-2' }, [2]],
    [{ principal: 'app-2' }, [3]],
    [{ principal: 'app-1' }, [6, 5, 4, 2, 1, 0]],
    [{ operation: 'KeySign' }, [3]],
    [{ operation: 'keysign' }, [3]],
    [{ result: 'Failure' }, [5, 4]],
    [{ result: 'Success', vault: 'ship' }, []],
    [{ status: '404' }, [5]],
    [{ from: '2026-03-01T12:00:03.500Z' }, [6, 5, 4]],
    [{ from: '2026-03-01T13:00:03.500+01:00', to: '2026-03-02' }, [5, 4]],
    [{ to: '2026-03-01T12:00:02Z' }, [1, 0]],
    [{ from: '1772366402', to: '1772366404' }, [5, 3, 2]],
    [{ from: '2030-01-01' }, []],
    [{ to: '2020-01-01' }, []],
    [{ vault: 'pay', object: 'db', operation: 'SecretGet', status: '200', result: 'Success', principal: 'oid-1' }, [1]],
  ])('answers %j with the records %j', async (query, expected) => {
    expect(indexes(await read(query, setup))).toEqual(expected);
  });

  it('shows a record with its number in the log and in its vault', async () => {
    const { value } = await read({ vault: 'ship', order: 'asc' }, setup);

    expect(value[1]).toMatchObject({ index: 5, vaultIndex: 1, vaultId: VAULT_B, resultType: 'Failure' });
    const outside = (await read({ operation: 'SubscriptionList' }, setup)).value[0];
    expect(outside).toMatchObject({ index: 6 });
    expect(outside).not.toHaveProperty('vaultIndex');
  });

  it.each<Query>([
    { top: '0' },
    { top: '1001' },
    { top: 'ten' },
    { order: 'newest' },
    { result: 'success' },
    { status: '99' },
    { status: '2xx' },
    { vault: '' },
    { vault: 'a_b' },
    { object: '' },
    { operation: 'Key Sign' },
    { from: 'yesterday' },
    { from: '2026-03-01T12:00:00' },
    { from: '0000-01-01' },
    { to: '2026-13-01' },
    { from: '2026-03-02', to: '2026-03-01' },
    { vualt: 'pay' },
    { $skiptoken: 'abc' },
  ])('refuses %j as BadParameter and names the parameter', async (query) => {
    const refused = expect(read(query, setup)).rejects;
    await refused.toMatchObject({ code: 'BadParameter', message: expect.stringMatching(lastName(query)) as string });
  });

  it('refuses a value that is longer than anything it could find', async () => {
    await expect(read({ object: 'o'.repeat(513) }, setup)).rejects.toMatchObject({ code: 'BadParameter' });
  });

  it('pages through nextLink, which repeats the question, and ends with null', async () => {
    const first = await read({ vault: 'Pay', top: '3', order: 'asc' }, setup);
    expect(indexes(first)).toEqual([0, 1, 2]);
    expect(first.nextLink).toMatch(/^https:\/\/audit\.localhost:8443\/records\?api-version=1\.0&/);

    const second = await read(queryOf(first.nextLink), setup);

    expect(indexes(second)).toEqual([3]);
    expect(second.nextLink).toBeNull();
  });

  it('refuses a skiptoken that was changed, or that belongs to another question', async () => {
    const query = queryOf((await read({ vault: 'pay', top: '1' }, setup)).nextLink);
    const { $skiptoken: token = '' } = query;
    const [payload = '', mac = ''] = token.split('.');
    const forged = Buffer.from('1000').toString('base64url');
    const reads = [
      { ...query, $skiptoken: `${forged}.${mac}` },
      { ...query, $skiptoken: `${payload}.${'A'.repeat(mac.length)}` },
      { ...query, $skiptoken: payload },
      { ...query, vault: 'ship' },
      { ...query, order: 'asc' },
      { ...query, status: '200' },
    ];

    expect(indexes(await read({ ...query, top: '2' }, setup))).toEqual([2, 1]);
    for (const tampered of reads) {
      await expect(read(tampered, setup)).rejects.toMatchObject({ code: 'BadParameter' });
    }
  });
});

function lastName(query: Query): string {
  return (Object.keys(query).at(-1) ?? '').replace('$', '');
}

describe('GET /records while the log grows', () => {
  let setup: AuditSetup;
  beforeEach(async () => {
    setup = await auditSetup();
  });
  afterEach(async () => {
    await setup.close();
  });
  const grow = (count: number) =>
    setup.log.ingest(Array.from({ length: count }, () => aMessage(aRecord({ vaultId: VAULT_A }))));

  it('gives a reader from the newest every record of the start once, and none that came later', async () => {
    await grow(23);

    const seen = await walk({ top: '5', vault: 'pay' }, setup, () => grow(7));

    expect(seen).toEqual(Array.from({ length: 23 }, (_, i) => 22 - i));
  });

  it('gives a reader from the oldest every record once, with those that came while reading', async () => {
    await grow(23);
    let pages = 0;

    const seen = await walk({ top: '5', order: 'asc' }, setup, () => ((pages += 1) <= 3 ? grow(4) : Promise.resolve()));

    expect(seen).toEqual(Array.from({ length: 35 }, (_, i) => i));
  });
});

describe('the cost of a page of records', () => {
  let setup: AuditSetup;
  beforeAll(async () => {
    setup = await auditSetup();
  });
  afterAll(async () => {
    await setup.close();
  });

  /** One vault of two is busy; of 100 records one is a failure; times run with the log, one record per second. */
  async function growTo(from: number, to: number): Promise<void> {
    const records = Array.from({ length: to - from }, (_, i) => {
      const n = from + i;
      return aRecord({
        ...(n % 50 === 0 ? { vaultId: VAULT_B, vaultName: 'ship' } : { vaultId: VAULT_A, vaultName: 'pay' }),
        objectPath: `/keys/k${n % 40}`,
        oid: `oid-${n % 30}`,
        status: n % 100 === 1 ? 403 : 200,
        operation: n % 40 === 2 ? 'KeyGet' : 'KeySign',
        time: new Date(n * 1000).toISOString(),
      });
    });
    await setup.log.ingest(records.map(aMessage));
    for (const table of ['audit_records', 'audit_postings', 'audit_spans'])
      await setup.database.query(`ANALYZE ${table}`);
  }

  const questions: Query[] = [
    {},
    { vault: 'ship' },
    { vault: VAULT_A },
    { object: 'k7' },
    { object: 'https://ship.vault.localhost:8443/keys' },
    { principal: 'oid-3' },
    { operation: 'KeyGet' },
    { result: 'Failure' },
    { status: '403' },
    { from: '1970-01-01T00:05:00Z', to: '1970-01-01T00:10:00Z' },
    { vault: 'pay', from: '1970-01-01T00:05:00Z', to: '1970-01-01T00:10:00Z' },
  ].flatMap((query) => [
    { ...query, top: '10' },
    { ...query, top: '10', order: 'asc' },
  ]);

  it('does not grow with the log, for any filter, in either order', async () => {
    await growTo(0, 2_000);
    const small = await Promise.all(questions.map((query) => pagesTouched(query, setup)));
    await growTo(2_000, 20_000);
    const large = await Promise.all(questions.map((query) => pagesTouched(query, setup)));

    const grown = questions.flatMap((query, i) => {
      const [before = 0, after = 0] = [small[i], large[i]];
      return after > 2 * before + 40 ? [{ query, before, after }] : [];
    });
    expect(grown).toEqual([]);
  });
});

/** Database pages that the statements of a request read, from cache or disk. */
async function pagesTouched(query: Query, setup: AuditSetup): Promise<number> {
  let touched = 0;
  const measuring: Database = {
    ...setup.database,
    query: async (text, values) => {
      const plan = await setup.database.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`,
        values,
      );
      const { Plan } = plan.rows[0]?.['QUERY PLAN'][0] ?? { Plan: {} };
      touched += (Plan['Shared Hit Blocks'] ?? 0) + (Plan['Shared Read Blocks'] ?? 0);
      return setup.database.query(text, values);
    },
  };
  await read(query, setup, measuring);
  return touched;
}
