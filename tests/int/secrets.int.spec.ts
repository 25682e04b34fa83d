import { rebuildProjection } from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import { createSecrets, secretMigrations, secretProjections, secretsProjection } from '@coffer/secrets-feature';
import type { Reply, secretOperations, VaultSnapshot } from '@coffer/wire';
import { testContext, testVault, type ContextOptions, type TestVaultRequestContext } from '../support/context.js';
import { dump, objectsSetup, rowsOf, type ObjectsSetup } from './objects-setup.js';

type Secrets = ReturnType<typeof createSecrets>;
type Bundle = Readonly<Record<string, unknown>> & { readonly id: string; readonly attributes: Record<string, unknown> };
interface List {
  readonly value: readonly Bundle[];
  readonly nextLink: string | null;
}

let setup: ObjectsSetup;
let secrets: Secrets;
beforeAll(async () => {
  setup = await objectsSetup({ purpose: 'secrets', migrations: secretMigrations, projections: secretProjections });
  secrets = createSecrets(setup.ports);
});
afterAll(() => setup.close());

let vault: VaultSnapshot;
beforeEach(() => {
  vault = testVault();
});

const contextOf = (operation: string, options: ContextOptions = {}): TestVaultRequestContext =>
  testContext(operation, { vault, now: setup.time.now, ...options });

function call(
  operation: keyof typeof secretOperations,
  params: Record<string, string> = {},
  body?: unknown,
  options: ContextOptions = {},
  by: Secrets = secrets,
): Promise<Reply> {
  return by.controller.handlers[operation](contextOf(operation, { params, ...options }), body);
}

async function bundle(...args: Parameters<typeof call>): Promise<Bundle> {
  return (await call(...args)).body as Bundle;
}

async function list(...args: Parameters<typeof call>): Promise<List> {
  return (await call(...args)).body as List;
}

const versionOf = ({ id }: { readonly id: string }): string => id.split('/').at(-1) ?? '';
const nameOf = ({ id }: { readonly id: string }): string => id.split('/').at(4) ?? '';
const skiptokenOf = ({ nextLink }: List): string => new URL(nextLink ?? '').searchParams.get('$skiptoken') ?? '';
const refused = (code: string, message?: string): unknown =>
  expect.objectContaining({ code, ...(message === undefined ? {} : { message }) });
const notFound = (id: string): string =>
  `A secret with (name/id) ${id} was not found in this key vault. If you recently deleted this secret you may be able to ` +
  'recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182';

describe('a secret', () => {
  it('is set and read back, latest and by version, in any spelling of its name', async () => {
    const first = await bundle(
      'SecretSet',
      { name: 'Database' },
      {
        value: 'grün 🔑',
        contentType: 'text/plain',
        attributes: { nbf: 5, exp: 1_900_000_000 },
        tags: { team: 'a' },
      },
    );
    expect(first).toEqual({
      value: 'grün 🔑',
      id: `https://${vault.name}.vault.localhost:8443/secrets/Database/${versionOf(first)}`,
      contentType: 'text/plain',
      attributes: {
        enabled: true,
        nbf: 5,
        exp: 1_900_000_000,
        created: 1_800_000_000,
        updated: 1_800_000_000,
        recoveryLevel: 'Recoverable+Purgeable',
        recoverableDays: 90,
      },
      tags: { team: 'a' },
    });
    const second = await bundle('SecretSet', { name: 'DATABASE' }, { value: 'two' });
    expect(nameOf(second)).toBe('Database');
    expect(await bundle('SecretGet', { name: 'database' })).toEqual(second);
    expect(await bundle('SecretGet', { name: 'database', version: versionOf(first).toUpperCase() })).toEqual(first);
  });

  it('is shown outside nbf and exp, as Azure does', async () => {
    await call('SecretSet', { name: 's' }, { value: 'x', attributes: { nbf: 4_000_000_000, exp: 1 } });
    expect(await bundle('SecretGet', { name: 's' })).toMatchObject({ value: 'x' });
  });

  it('is not shown while disabled, from the next request on, but may be enabled again', async () => {
    const set = await bundle('SecretSet', { name: 's' }, { value: 'x' });
    await call('SecretGet', { name: 's' });
    await call('SecretUpdate', { name: 's', version: versionOf(set) }, { attributes: { enabled: false } });
    const disabled = refused('ObjectDisabled', 'Operation get is not allowed on a disabled secret.');
    await expect(call('SecretGet', { name: 's' })).rejects.toEqual(disabled);
    await call('SecretDelete', { name: 's' });
    await expect(call('SecretGetDeleted', { name: 's' })).rejects.toEqual(disabled);
    await call('SecretRecover', { name: 's' });
    await call('SecretUpdate', { name: 's' }, { attributes: { enabled: true } });
    expect(await bundle('SecretGet', { name: 's' })).toMatchObject({ value: 'x' });
  });

  it('changes by an update what was sent, without showing or touching the value', async () => {
    const set = await bundle('SecretSet', { name: 's' }, { value: 'x', contentType: 'a', tags: { t: '1' } });
    const version = versionOf(set);
    const tagged = await bundle('SecretUpdate', { name: 's', version }, { tags: { t: '2' } });
    expect(tagged).toMatchObject({ contentType: 'a', tags: { t: '2' } });
    expect(tagged).not.toHaveProperty('value');
    const typed = await bundle('SecretUpdate', { name: 's' }, { contentType: 'b', attributes: { exp: 7 } });
    expect(typed).toMatchObject({ contentType: 'b', tags: { t: '2' }, attributes: { exp: 7 } });
    expect(await bundle('SecretUpdate', { name: 's' }, {})).toEqual(typed);
    expect(await bundle('SecretGet', { name: 's' })).toEqual({ ...typed, value: 'x' });
  });

  it('is not found by an unknown name, an unknown version or a version of another secret', async () => {
    await call('SecretSet', { name: 'a' }, { value: 'x' });
    const other = versionOf(await bundle('SecretSet', { name: 'b' }, { value: 'y' }));
    await expect(call('SecretGet', { name: 'nope' })).rejects.toEqual(refused('SecretNotFound', notFound('nope')));
    for (const version of [other, '0'.repeat(32), 'nonsense']) {
      const answer = refused('SecretNotFound', notFound(`a/${version}`));
      await expect(call('SecretGet', { name: 'a', version })).rejects.toEqual(answer);
      await expect(call('SecretUpdate', { name: 'a', version }, { tags: {} })).rejects.toEqual(answer);
    }
  });

  it('of one vault is unknown in another', async () => {
    await call('SecretSet', { name: 's' }, { value: 'x' });
    vault = testVault();
    await expect(call('SecretGet', { name: 's' })).rejects.toEqual(refused('SecretNotFound'));
  });

  it('costs no statement when it is read again under a live lease, and one without', async () => {
    await call('SecretSet', { name: 's' }, { value: 'x' });
    await call('SecretGet', { name: 's' });
    const before = setup.statements.count;
    await call('SecretGet', { name: 's' });
    expect(setup.statements.count).toBe(before);
    setup.lease.isLive = false;
    expect(await bundle('SecretGet', { name: 's' })).toMatchObject({ value: 'x' });
    expect(setup.statements.count).toBe(before + 1);
    setup.lease.isLive = true;
  });
});

describe('a deleted secret', () => {
  it('is found among the deleted only, keeps its name taken, and comes back with every version', async () => {
    const first = await bundle('SecretSet', { name: 's' }, { value: 'one', tags: { t: '1' } });
    await call('SecretSet', { name: 's' }, { value: 'two', tags: { t: '2' } });
    await call('SecretGet', { name: 's' });
    const deleted = await bundle('SecretDelete', { name: 'S' });
    expect(deleted).toMatchObject({
      recoveryId: `https://${vault.name}.vault.localhost:8443/deletedsecrets/s`,
      deletedDate: 1_800_000_000,
      scheduledPurgeDate: 1_800_000_000 + 90 * 86_400,
      tags: { t: '2' },
    });
    expect(deleted).not.toHaveProperty('value');
    expect(await bundle('SecretGetDeleted', { name: 's' })).toEqual(deleted);
    await expect(call('SecretGet', { name: 's' })).rejects.toEqual(refused('SecretNotFound', notFound('s')));
    await expect(call('SecretSet', { name: 's' }, { value: 'x' })).rejects.toEqual(
      refused('ObjectIsDeletedButRecoverable'),
    );
    const recovered = await bundle('SecretRecover', { name: 's' });
    expect(recovered).not.toHaveProperty('value');
    expect(recovered).not.toHaveProperty('recoveryId');
    expect(await bundle('SecretGet', { name: 's' })).toMatchObject({ id: recovered.id, value: 'two' });
    expect(await bundle('SecretGet', { name: 's', version: versionOf(first) })).toMatchObject({ value: 'one' });
    await expect(call('SecretGetDeleted', { name: 's' })).rejects.toEqual(
      refused('SecretNotFound', 'Deleted Secret not found: s'),
    );
  });

  it('leaves nothing behind when it is purged, and its name begins a new life', async () => {
    const old = await bundle('SecretSet', { name: 's' }, { value: 'old', tags: { t: 'old' } });
    await call('SecretDelete', { name: 's' });
    const context = contextOf('SecretPurge', { params: { name: 's' } });
    expect(await secrets.controller.handlers.SecretPurge(context, undefined)).toEqual({});
    expect(context.audit.rowStatuses).toEqual([204]);
    expect(context.audit.commits).toBe(1);
    const digest = await setup.ports.database.query<{ data: { digests: unknown[] }; stream_id: string }>(
      `SELECT data, stream_id FROM events WHERE vault_id = $1 AND type = 'SecretPurged'`,
      [vault.vaultId],
    );
    expect(digest.rows[0]?.data.digests).toEqual([
      { version: versionOf(old), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    ]);
    const objectId = digest.rows[0]?.stream_id.replace('secret-', '');
    const { rows } = await setup.ports.database.query(`SELECT FROM material WHERE object_id = $1`, [objectId]);
    expect(rows).toHaveLength(0);
    await expect(call('SecretGetDeleted', { name: 's' })).rejects.toEqual(refused('SecretNotFound'));
    await expect(call('SecretPurge', { name: 's' })).rejects.toEqual(refused('SecretNotFound'));
    await call('SecretSet', { name: 's' }, { value: 'new' });
    expect(await bundle('SecretGet', { name: 's' })).toMatchObject({ value: 'new' });
    await expect(call('SecretGet', { name: 's', version: versionOf(old) })).rejects.toEqual(refused('SecretNotFound'));
    expect((await list('SecretListVersions', { name: 's' })).value).toHaveLength(1);
  });

  it('is destroyed at once in a vault without soft-delete', async () => {
    vault = testVault({ enableSoftDelete: false });
    await call('SecretSet', { name: 's' }, { value: 'x' });
    const deleted = await bundle('SecretDelete', { name: 's' });
    expect(deleted).not.toHaveProperty('recoveryId');
    expect(deleted.attributes).toMatchObject({ recoveryLevel: 'Purgeable', recoverableDays: 0 });
    await expect(call('SecretGetDeleted', { name: 's' })).rejects.toEqual(refused('SecretNotFound'));
    await expect(call('SecretListDeleted')).rejects.toEqual(refused('BadParameter'));
    await call('SecretSet', { name: 's' }, { value: 'y' });
  });

  it('cannot be purged by a caller under purge protection, but goes when its time is over', async () => {
    vault = testVault({ enablePurgeProtection: true, softDeleteRetentionInDays: 7 });
    const other = testVault();
    await call('SecretSet', { name: 's' }, { value: 'x' });
    await call('SecretDelete', { name: 's' });
    await expect(call('SecretPurge', { name: 's' })).rejects.toEqual(refused('PurgeProtected'));
    const due = setup.time.now + 7 * 86_400_000;
    await secrets.purger.purgeDue(due - 1000);
    expect(await bundle('SecretGetDeleted', { name: 's' })).toBeDefined();
    expect(await secrets.purger.purgeDue(due)).toMatchObject({ failed: [] });
    await expect(call('SecretGetDeleted', { name: 's' })).rejects.toEqual(refused('SecretNotFound'));
    expect(await secrets.purger.purgeVault(other.vaultId)).toBe(0);
  });

  it('goes with its vault, like an active one, also when the KEK is gone already', async () => {
    await call('SecretSet', { name: 'a' }, { value: 'x', tags: { t: '1' } });
    await call('SecretSet', { name: 'b' }, { value: 'y' });
    await call('SecretDelete', { name: 'b' });
    await setup.keyring.destroyVault(vault.vaultId);
    // As after a restart: nothing of the secrets is in memory.
    const restarted = createSecrets(setup.another());
    expect(await restarted.purger.purgeVault(vault.vaultId)).toBe(2);
    expect(await restarted.purger.purgeVault(vault.vaultId)).toBe(0);
  });
});

describe('lists', () => {
  it('page through every secret once, by name, without values', async () => {
    for (let i = 0; i < 7; i += 1) await call('SecretSet', { name: `S-${i}` }, { value: 'v', tags: { i: `${i}` } });
    await call('SecretDelete', { name: 's-3' });
    const names: string[] = [];
    let query: Record<string, string> = { maxresults: '2' };
    for (;;) {
      const page = await list('SecretList', {}, undefined, { query });
      for (const item of page.value) {
        expect(item).not.toHaveProperty('value');
        expect(item.id).toBe(`https://${vault.name}.vault.localhost:8443/secrets/${nameOf(item)}`);
        expect(item['tags']).toEqual({ i: nameOf(item).slice(2) });
      }
      names.push(...page.value.map(nameOf));
      if (page.nextLink === null) break;
      query = { maxresults: '2', $skiptoken: skiptokenOf(page) };
    }
    expect(names).toEqual(['S-0', 'S-1', 'S-2', 'S-4', 'S-5', 'S-6']);
    const deleted = await list('SecretListDeleted');
    expect(deleted.value.map(nameOf)).toEqual(['S-3']);
    expect(deleted.value[0]).toHaveProperty('scheduledPurgeDate');
  });

  it('show the versions of one secret oldest first, and none of an unknown one', async () => {
    const versions: string[] = [];
    for (let i = 0; i < 5; i += 1)
      versions.push(versionOf(await bundle('SecretSet', { name: 's' }, { value: `${i}` })));
    const first = await list('SecretListVersions', { name: 'S' }, undefined, { query: { maxresults: '3' } });
    const query = { maxresults: '3', $skiptoken: skiptokenOf(first) };
    const rest = await list('SecretListVersions', { name: 'S' }, undefined, { query });
    expect([...first.value, ...rest.value].map(versionOf)).toEqual(versions);
    expect(rest.nextLink).toBeNull();
    expect(await list('SecretListVersions', { name: 'never-made' })).toEqual({ value: [], nextLink: null });
  });

  it('refuse a skiptoken that was edited, or comes from another list or vault', async () => {
    for (const name of ['a', 'b']) await call('SecretSet', { name }, { value: 'x' });
    const token = skiptokenOf(await list('SecretList', {}, undefined, { query: { maxresults: '1' } }));
    const [payload, mac] = token.split('.');
    const invalid = refused('BadParameter');
    for (const $skiptoken of [`${Buffer.from('z').toString('base64url')}.${mac ?? ''}`, `${payload ?? ''}.AAAA`, 'x']) {
      await expect(call('SecretList', {}, undefined, { query: { $skiptoken } })).rejects.toEqual(invalid);
    }
    const query = { $skiptoken: token };
    await expect(call('SecretListDeleted', {}, undefined, { query })).rejects.toEqual(invalid);
    vault = testVault();
    await expect(call('SecretList', {}, undefined, { query })).rejects.toEqual(invalid);
  });
});

describe('concurrent writers', () => {
  it('of one name all succeed, in two processes, with versions of their own and a vault sequence without gaps', async () => {
    const other = createSecrets(setup.another());
    const writes = Array.from({ length: 16 }, (_, i) =>
      bundle('SecretSet', { name: 'Shared' }, { value: `v${i}` }, {}, i % 2 === 0 ? secrets : other),
    );
    const made = await Promise.all(writes);
    expect(new Set(made.map(versionOf)).size).toBe(16);
    for (const [i, { id }] of made.entries()) {
      expect(await bundle('SecretGet', { name: 'shared', version: versionOf({ id }) })).toMatchObject({
        value: `v${i}`,
      });
    }
    const { rows } = await setup.ports.database.query<{ seq: string; streams: string; last: string }>(
      `SELECT count(*) AS seq, count(DISTINCT stream_id) AS streams, max(vault_seq) AS last FROM events WHERE vault_id = $1`,
      [vault.vaultId],
    );
    expect(rows[0]).toEqual({ seq: '16', streams: '1', last: '16' });
  });

  it('that set and purge one name at once leave either the old life or a new one, never a mixture', async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = `s${round}`;
      await call('SecretSet', { name }, { value: 'old' });
      await call('SecretDelete', { name });
      const [purged, set] = await Promise.allSettled([
        call('SecretPurge', { name }),
        call('SecretSet', { name }, { value: 'new' }),
      ]);
      expect(purged.status).toBe('fulfilled');
      if (set.status === 'fulfilled') {
        expect(await bundle('SecretGet', { name })).toMatchObject({ value: 'new' });
      } else {
        expect(set.reason).toEqual(refused('ObjectIsDeletedButRecoverable'));
      }
    }
  });
});

describe('what is stored', () => {
  it('holds no value and no descriptive text in the clear, in any table', async () => {
    const canaries = ['CANARY-value', 'CANARY-type', 'CANARY-tag', 'CANARY-note', 'CANARY-new'];
    const [value, contentType, tag, note, changed] = canaries as [string, string, string, string, string];
    await call('SecretSet', { name: 'canary' }, { value, contentType, tags: { [tag]: note } });
    await call('SecretUpdate', { name: 'canary' }, { tags: { [tag]: changed } });
    const text = await dump(setup.ports.database);
    expect(text).toContain('canary');
    for (const canary of canaries) {
      const spellings = [
        canary,
        ...(['hex', 'base64', 'base64url'] as const).map((e) => Buffer.from(canary).toString(e)),
      ];
      for (const spelling of spellings) expect(text.includes(spelling)).toBe(false);
    }
  });

  it('is rebuilt from the log to the same rows', async () => {
    await call('SecretSet', { name: 'a' }, { value: '1', contentType: 'x', attributes: { nbf: 1 } });
    await call('SecretSet', { name: 'a' }, { value: '2' });
    await call('SecretUpdate', { name: 'a' }, { contentType: 'y', attributes: { enabled: false } });
    await call('SecretSet', { name: 'b' }, { value: '3' });
    await call('SecretDelete', { name: 'b' });
    await call('SecretSet', { name: 'c' }, { value: '4' });
    await call('SecretDelete', { name: 'c' });
    await call('SecretPurge', { name: 'c' });
    await call('SecretSet', { name: 'c' }, { value: '5' });
    const { database } = setup.ports;
    const read = () => Promise.all(secretsProjection.tables.map((table) => rowsOf(database, table)));
    const live = await read();
    expect(await rebuildProjection(database, secretsProjection)).toBeGreaterThan(0);
    expect(await read()).toEqual(live);
  });

  it('keeps `updated` when the clock goes back', async () => {
    await call('SecretSet', { name: 's' }, { value: 'x' });
    const now = setup.time.now - 3_600_000;
    const updated = await bundle('SecretUpdate', { name: 's' }, { tags: {} }, { now });
    expect(updated.attributes).toMatchObject({ updated: 1_800_000_000 });
  });

  it('says in the request’s audit record which version was made, in the transaction that made it', async () => {
    const context = contextOf('SecretSet', { params: { name: 's' } });
    const { body } = await secrets.controller.handlers.SecretSet(context, { value: 'x' });
    expect(context.audit.described.id).toBe((body as Bundle).id);
    expect(context.audit).toMatchObject({ rowStatuses: [200], commits: 1 });
  });

  it('does not change when a command is repeated', async () => {
    const { store, database } = setup.ports;
    await call('SecretSet', { name: 's' }, { value: 'x' });
    const { rows } = await database.query<{ event_id: string; stream_id: string }>(
      `SELECT event_id, stream_id FROM events WHERE vault_id = $1`,
      [vault.vaultId],
    );
    const [first] = rows;
    const events = await store.load(first?.stream_id ?? '');
    const before = await rowsOf(database, 'secret_versions');
    const repeated = await store.append({
      vaultId: vault.vaultId,
      streams: [
        {
          streamId: first?.stream_id ?? '',
          expectedVersion: 0,
          events: events.map(({ type, schemaVersion, data }) => ({ eventId: newId(), type, schemaVersion, data })),
        },
      ],
      meta: { actor: { oid: 'x' }, correlationId: newId(), region: 'local' },
      recordedAt: setup.time.now,
      commandId: first?.event_id ?? '',
    });
    expect(repeated.duplicate).toBe(true);
    expect(await rowsOf(database, 'secret_versions')).toEqual(before);
  });
});
