import { jest } from '@jest/globals';
import type { CryptoProvider } from '@coffer/contracts';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { createKeys, keyProjections } from '@coffer/keys-feature';
import type { keyOperations, VaultSnapshot } from '@coffer/wire';
import { testContext, testVault } from '../support/context.js';
import { schemaFaults } from '../support/message-schema.js';
import { keysSetup, type Bundle, type Keys, type KeysSetup } from './keys-setup.js';
import { rowsOf } from './objects-setup.js';

const DAY_MS = 86_400_000;
const DAY = 86_400;

let setup: KeysSetup;
let provider: CryptoProvider;
let keys: Keys;
beforeAll(async () => {
  setup = await keysSetup();
  ({ provider, keys } = setup);
});
afterAll(() => setup.close());

let vault: VaultSnapshot;
beforeEach(() => {
  vault = testVault();
  vaults.set(vault.vaultId, vault);
});
const vaults = new Map<string, VaultSnapshot>();

async function call<T = Bundle>(
  operation: keyof typeof keyOperations,
  params: Record<string, string> = {},
  body?: unknown,
): Promise<T> {
  const context = testContext(operation, { vault, now: setup.time.now, params });
  return (await keys.controller.handlers[operation](context, body)).body as T;
}

const surroundings = {
  vaults: { byId: (id: string) => Promise.resolve(vaults.get(id)) },
  vaultUrl: (name: string) => `https://${name}.vault.localhost`,
};
const tick = (by: Keys = keys) => by.scheduler.runDue(setup.time.now, surroundings);
const pass = (days: number) => {
  setup.time.now += days * DAY_MS;
};
const seconds = () => Math.floor(setup.time.now / 1000);
const versionsOf = async (name: string) =>
  (await call<{ value: { kid: string }[] }>('KeyListVersions', { name })).value.map(({ kid }) => kid);
const policy = (trigger: object, expiryTime?: string) => ({
  lifetimeActions: [{ trigger, action: { type: 'Rotate' } }],
  attributes: { expiryTime },
});
/** What the events of this vault say, in order. */
async function eventsOf(): Promise<string[]> {
  const { rows } = await setup.ports.database.query<{ type: string; data: { notice?: string; origin?: string } }>(
    'SELECT type, data FROM events WHERE vault_id = $1 ORDER BY vault_seq',
    [vault.vaultId],
  );
  return rows.map(({ type, data }) => [type, data.notice ?? data.origin].filter(Boolean).join(' '));
}
async function auditOf(): Promise<string[]> {
  const { rows } = await setup.ports.database.query<{ body: string }>(
    'SELECT body::text FROM audit_inbox ORDER BY position',
  );
  const records = rows.map(
    ({ body }) => JSON.parse(body) as { vaultId?: string; operationName: string; properties: { id: string } },
  );
  // Those of requests are written by the HTTP pipeline, which is not part of this spec.
  const own = records.filter(({ operationName }) => /IfDue$|Notification$/.test(operationName));
  expect(own.flatMap((record) => schemaFaults('audit-event', record))).toEqual([]);
  return records.filter(({ vaultId }) => vaultId === vault.vaultId).map(({ operationName }) => operationName);
}

// Deleted keys have no timers: the next test has only its own.
afterEach(async () => {
  for (const [, each] of vaults) {
    vault = each;
    for (const { kid } of (await call<{ value: { kid: string }[] }>('KeyList')).value) {
      await call('KeyDelete', { name: kid.split('/').at(-1) ?? '' });
    }
  }
  vaults.clear();
});

describe('a rotation', () => {
  it('and a creation are of the time when the key was there: later versions never look older', async () => {
    const slow: CryptoProvider = {
      ...provider,
      hardware: provider.hardware,
      generate: (spec) => {
        pass(1);
        return provider.generate(spec);
      },
    };
    const by = createKeys({ ...setup.another(), provider: slow });
    const run = (operation: 'KeyCreate' | 'KeyRotate', body?: unknown) => {
      const context = testContext(operation, { vault, now: setup.time.now, params: { name: 'k' } });
      return by.controller.handlers[operation](context, body) as Promise<{ body: Bundle }>;
    };
    for (const made of [() => run('KeyCreate', { kty: 'EC' }), () => run('KeyRotate')]) {
      const { body } = await made();
      expect(body.attributes['created']).toBe(seconds());
    }
  });

  it.each([
    ['RSA', { kty: 'RSA', key_size: 3072 }],
    ['EC', { kty: 'EC', crv: 'P-384' }],
    ['oct', { kty: 'oct', key_size: 192 }],
  ])('makes a new version of a %s key like the latest, with another key', async (_kty, body) => {
    const before = await call('KeyCreate', { name: 'k' }, { ...body, key_ops: ['sign', 'verify'], tags: { t: '1' } });
    const after = await call('KeyRotate', { name: 'k' });
    expect(after.key.kid).not.toBe(before.key.kid);
    expect([after.key['kty'], after.key['crv'], after.key['key_ops'], after.tags]).toEqual([
      before.key['kty'],
      before.key['crv'],
      ['sign', 'verify'],
      { t: '1' },
    ]);
    if (body.kty === 'RSA') expect(Buffer.from(String(after.key['n']), 'base64url')).toHaveLength(384);
    if (body.kty !== 'oct') expect(after.key['n'] ?? after.key['x']).not.toBe(before.key['n'] ?? before.key['x']);
    expect((await call('KeyGet', { name: 'k' })).key.kid).toBe(after.key.kid);
  });

  it('gives the lifetime of the policy, and needs a key', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC', attributes: { exp: seconds() + 9 } });
    expect((await call('KeyRotate', { name: 'k' })).attributes).not.toHaveProperty('exp');
    await call('KeyRotationPolicySet', { name: 'k' }, { attributes: { expiryTime: 'P90D' } });
    expect((await call('KeyRotate', { name: 'k' })).attributes).toMatchObject({
      exp: seconds() + 90 * DAY,
      enabled: true,
    });
    await call('KeyDelete', { name: 'k' });
    for (const name of ['k', 'none']) {
      await expect(call('KeyRotate', { name })).rejects.toMatchObject({ code: 'KeyNotFound' });
    }
  });
});

describe('a rotation policy', () => {
  it('is the default one until it is set, and then what was set', async () => {
    await call('KeyCreate', { name: 'Key' }, { kty: 'EC' });
    expect(await call('KeyRotationPolicyGet', { name: 'Key' })).toEqual({
      id: expect.stringMatching(/\/keys\/Key\/rotationpolicy$/) as unknown,
      lifetimeActions: [{ trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }],
      attributes: {},
    });
    const created = seconds();
    await call('KeyRotationPolicySet', { name: 'Key' }, policy({ timeAfterCreate: 'P30D' }));
    pass(1);
    const set = await call('KeyRotationPolicySet', { name: 'Key' }, policy({ timeBeforeExpiry: 'P30D' }, 'P1Y'));
    expect(set).toMatchObject({
      lifetimeActions: [{ trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Rotate' } }],
      attributes: { expiryTime: 'P1Y', created, updated: created + DAY },
    });
    expect(await call('KeyRotationPolicyGet', { name: 'kEY' })).toEqual(set);
    await expect(call('KeyRotationPolicyGet', { name: 'none' })).rejects.toMatchObject({ code: 'KeyNotFound' });
    const bad = call('KeyRotationPolicySet', { name: 'Key' }, policy({ timeAfterCreate: 'P1D' }));
    await expect(bad).rejects.toMatchObject({ code: 'BadParameter' });
  });

  it('comes back with a backup', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC' });
    const set = await call('KeyRotationPolicySet', { name: 'k' }, policy({ timeAfterCreate: 'P30D' }, 'P90D'));
    const { value } = await call<{ value: string }>('KeyBackup', { name: 'k' });
    await call('KeyDelete', { name: 'k' });
    await call('KeyPurge', { name: 'k' });
    await call('KeyRestore', {}, { value });
    expect(await call('KeyRotationPolicyGet', { name: 'k' })).toEqual(set);
    pass(31);
    expect(await tick()).toMatchObject({ rotated: 1 });
  });
});

describe('time', () => {
  it('rotates when the policy says so, again and again', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC' });
    await call('KeyRotationPolicySet', { name: 'k' }, policy({ timeAfterCreate: 'P30D' }));
    pass(29);
    expect(await tick()).toEqual({ rotated: 0, notified: 0, failed: [] });
    pass(2);
    expect(await tick()).toEqual({ rotated: 1, notified: 0, failed: [] });
    expect(await tick()).toEqual({ rotated: 0, notified: 0, failed: [] });
    pass(30);
    await tick();
    expect(await versionsOf('k')).toHaveLength(3);
    expect((await auditOf()).filter((name) => name === 'KeyRotateIfDue')).toHaveLength(2);
  });

  it('makes up for an outage once', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC' });
    await call('KeyRotationPolicySet', { name: 'k' }, policy({ timeAfterCreate: 'P30D' }));
    pass(1_000);
    expect(await tick()).toMatchObject({ rotated: 1 });
    expect(await tick()).toMatchObject({ rotated: 0 });
  });

  it('rotates once a month, not in every run, by a policy from before the calendar was asked', async () => {
    setup.time.now = Date.parse('2027-02-01T00:00:00Z');
    await call('KeyCreate', { name: 'k' }, { kty: 'EC' });
    const rotate = { type: 'Rotate', timeBeforeExpiry: 'P29D' };
    const stored = { lifetimeActions: [rotate], expiryTime: 'P1M', created: seconds(), updated: seconds() };
    await call('KeyRotationPolicySet', { name: 'k' }, policy({ timeBeforeExpiry: 'P14D' }, 'P1M'));
    // As these stand in the log and the projection of an installation that took them.
    const { database } = setup.ports;
    const query = (sql: string, ...more: unknown[]) => database.query<{ due: string }>(sql, [vault.vaultId, ...more]);
    const events = `UPDATE events SET data = (data::jsonb || $2::jsonb)::json WHERE vault_id = $1 AND type = $3`;
    await query(events, stored, 'KeyRotationPolicySet');
    await query('UPDATE key_current SET rotation_policy = $2 WHERE vault_id = $1', stored);
    const fresh = createKeys({ ...setup.another(), provider });
    await call('KeyRotate', { name: 'k' });
    await query('UPDATE key_current SET due = 1 WHERE vault_id = $1');
    expect(await tick(fresh)).toEqual({ rotated: 0, notified: 1, failed: [] });
    expect(await tick(fresh)).toEqual({ rotated: 0, notified: 0, failed: [] });
    await query('UPDATE key_current SET due = 1 WHERE vault_id = $1');
    expect(await tick(fresh)).toEqual({ rotated: 0, notified: 0, failed: [] });
    const { rows } = await query('SELECT due FROM key_current WHERE vault_id = $1');
    expect(rows).toEqual([{ due: String(seconds() + 7 * DAY) }]);
    pass(7);
    expect((await tick(fresh)).rotated).toBe(1);
    expect((await tick(fresh)).rotated).toBe(0);
  });

  it('rotates once over several processes that look at the same moment', async () => {
    for (let i = 0; i < 5; i += 1) {
      await call('KeyCreate', { name: `k${i}` }, { kty: 'EC' });
      await call('KeyRotationPolicySet', { name: `k${i}` }, policy({ timeAfterCreate: 'P30D' }));
    }
    const others = Array.from({ length: 4 }, () => createKeys({ ...setup.another(), provider }));
    pass(31);
    const reports = await Promise.all([keys, ...others].map(tick));
    expect(reports.flatMap(({ failed }) => failed)).toEqual([]);
    expect(reports.reduce((sum, { rotated }) => sum + rotated, 0)).toBe(5);
    for (let i = 0; i < 5; i += 1) expect(await versionsOf(`k${i}`)).toHaveLength(2);
  });

  it('rotates once even when a claim was lost and two work at one key', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC' });
    await call('KeyRotationPolicySet', { name: 'k' }, policy({ timeAfterCreate: 'P30D' }));
    pass(31);
    const generate = jest.spyOn(provider, 'generate').mockImplementationOnce(async (spec) => {
      generate.mockRestore();
      await setup.ports.database.query('DELETE FROM key_timer_claims');
      expect(await tick(createKeys({ ...setup.another(), provider }))).toMatchObject({ rotated: 1 });
      return provider.generate(spec);
    });
    expect(await tick()).toMatchObject({ rotated: 0, failed: [] });
    expect(await versionsOf('k')).toHaveLength(2);
  });

  it('leaves disabled and deleted keys alone, and goes on with them when they are back', async () => {
    const { key } = await call('KeyCreate', { name: 'off' }, { kty: 'EC' });
    await call('KeyCreate', { name: 'gone' }, { kty: 'EC' });
    for (const name of ['off', 'gone']) {
      await call('KeyRotationPolicySet', { name }, policy({ timeAfterCreate: 'P30D' }));
    }
    const version = key.kid.split('/').at(-1) ?? '';
    await call('KeyUpdate', { name: 'off', version }, { attributes: { enabled: false } });
    await call('KeyDelete', { name: 'gone' });
    pass(40);
    expect(await tick()).toEqual({ rotated: 0, notified: 0, failed: [] });
    await call('KeyUpdate', { name: 'off', version }, { attributes: { enabled: true } });
    await call('KeyRecover', { name: 'gone' });
    expect(await tick()).toMatchObject({ rotated: 2 });
  });

  it('tells of an end that is near and of one that has come, each once', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC', attributes: { exp: seconds() + 60 * DAY } });
    expect(await tick()).toMatchObject({ notified: 0 });
    pass(31);
    expect(await tick()).toMatchObject({ notified: 1 });
    expect(await tick()).toMatchObject({ notified: 0 });
    pass(31);
    expect(await tick()).toMatchObject({ notified: 1 });
    expect(await tick()).toMatchObject({ notified: 0 });
    const told = ['KeyVersionCreated', 'KeyExpiryNotified NearExpiry', 'KeyExpiryNotified Expired'];
    expect(await eventsOf()).toEqual(told);
    // Another end is told of anew; one that has passed already only as passed.
    await call('KeyUpdate', { name: 'k' }, { attributes: { exp: seconds() + 10 * DAY } });
    expect(await tick()).toMatchObject({ notified: 1 });
    expect((await eventsOf()).at(-1)).toBe('KeyExpiryNotified NearExpiry');
    await call('KeyCreate', { name: 'k' }, { kty: 'EC', attributes: { exp: seconds() - 5 } });
    expect(await tick()).toMatchObject({ notified: 1 });
    expect((await eventsOf()).at(-1)).toBe('KeyExpiryNotified Expired');
    expect(await auditOf()).toEqual(
      expect.arrayContaining(['KeyNearExpiryEventGridNotification', 'KeyExpiredEventGridNotification']),
    );
  });

  it('goes on with the other keys when one cannot be followed, and tries that one again later', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC' });
    await call('KeyRotationPolicySet', { name: 'k' }, policy({ timeAfterCreate: 'P30D' }));
    const lost = vault;
    vault = testVault();
    vaults.set(vault.vaultId, vault);
    await call('KeyCreate', { name: 'k' }, { kty: 'EC' });
    await call('KeyRotationPolicySet', { name: 'k' }, policy({ timeAfterCreate: 'P30D' }));
    vaults.delete(lost.vaultId);
    pass(31);
    const { rotated, failed } = await tick();
    expect([rotated, failed.map(({ vaultId }) => vaultId)]).toEqual([1, [lost.vaultId]]);
    expect(await tick()).toEqual({ rotated: 0, notified: 0, failed: [] });
    vaults.set(lost.vaultId, lost);
    pass(1);
    expect(await tick()).toMatchObject({ rotated: 1 });
  });

  it('leaves the keys of a deleted vault alone until it is back', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC' });
    await call('KeyRotationPolicySet', { name: 'k' }, policy({ timeAfterCreate: 'P30D' }));
    pass(31);
    vaults.set(vault.vaultId, { ...vault, state: 'deleted' });
    expect(await tick()).toEqual({ rotated: 0, notified: 0, failed: [] });
    vaults.set(vault.vaultId, vault);
    pass(1);
    expect(await tick()).toMatchObject({ rotated: 1 });
  });

  it('comes to more keys than fit in a page, each once', async () => {
    for (let i = 0; i < 45; i += 1) {
      const body = { kty: 'EC', attributes: { exp: seconds() + 60 * DAY } };
      await call('KeyCreate', { name: `k${i}` }, body);
    }
    pass(31);
    expect(await tick()).toEqual({ rotated: 0, notified: 45, failed: [] });
  });

  it('can be read again from the log: the projections are rebuilt to the same rows', async () => {
    for (const projection of keyProjections) {
      const read = () => Promise.all(projection.tables.map((table) => rowsOf(setup.ports.database, table)));
      const live = await read();
      expect(await rebuildProjection(setup.ports.database, projection)).toBeGreaterThan(0);
      expect(await read()).toEqual(live);
    }
  });
});
