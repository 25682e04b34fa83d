import { objectLists } from '@coffer/contracts';
import { keysSetup, type KeysSetup } from './keys-setup.js';

const KEYS = 5_000;
const VERSIONS = 3;
const lists = objectLists<{ readonly name_key: string }>('key', 'c.name_key, v.ordinal, m.term');
let setup: KeysSetup;

beforeAll(async () => {
  setup = await keysSetup();
  const { database } = setup.ports;
  await database.query(
    `INSERT INTO key_current (object_id, vault_id, name_key, name, latest_version)
     SELECT 'k' || n, 'v', 'k' || n, 'k' || n, '${VERSIONS}' FROM generate_series(1, ${KEYS}) AS n`,
  );
  await database.query(
    `INSERT INTO key_versions (object_id, version, ordinal, public, key_ops, enabled, created, updated, material_id)
     SELECT 'k' || n, v::text, v, '{}', '{}', true, 0, 0, n || '/' || v
       FROM generate_series(1, ${KEYS}) AS n, generate_series(1, ${VERSIONS}) AS v`,
  );
  await database.query(
    `INSERT INTO material (material_id, object_id, kind, version, term, wrapped_dek, ciphertext)
     SELECT 'k' || n, 'k' || n, 'object', '', 1, '', '' FROM generate_series(1, ${KEYS}) AS n`,
  );
  await database.query('ANALYZE key_current, key_versions, material');
});

afterAll(() => setup.close());

describe('the lists of a vault with many objects', () => {
  it('are planned once for a connection, and not anew for every page', async () => {
    const plans = await setup.ports.database.transaction(async (client) => {
      let after = '';
      for (let page = 0; page < 12; page += 1) {
        const rows = await lists.active(client, 'v', after, 26);
        expect(rows).toHaveLength(26);
        after = rows.at(-1)?.name_key ?? '';
        expect(await lists.versions(client, { vaultId: 'v', nameKey: after }, 0, 26)).toHaveLength(VERSIONS);
      }
      const { rows } = await client.query<{ of_all: string; of_one: string }>(
        `SELECT generic_plans AS of_all, custom_plans AS of_one FROM pg_prepared_statements WHERE statement LIKE '%key_current%'`,
      );
      return rows;
    });

    // The database tries five plans for the values at hand before it settles.
    expect(plans.map(({ of_all, of_one }) => [Number(of_all), Number(of_one)])).toEqual([
      [7, 5],
      [7, 5],
    ]);
  });

  it.each([0, -1, 1.5, Number.NaN])('have no pages of %s rows', async (size) => {
    await expect(lists.active(setup.ports.database, 'v', '', size)).rejects.toThrow(RangeError);
  });
});
