import { rebuildProjection } from '@coffer/event-store-postgres';
import { vaultProjections } from '@coffer/vaults-feature';
import { testTenant } from '../support/context.js';
import { subscriptionId, vaultBody, vaultsSetup } from './vault-management-setup.js';

type Setup = Awaited<ReturnType<typeof vaultsSetup>>;
interface Vault {
  readonly id: string;
  readonly name: string;
  readonly tags: Record<string, string>;
  readonly properties: Record<string, unknown> & {
    readonly accessPolicies: { permissions: Record<string, string[]> }[];
  };
}

let vaults: Setup;
beforeAll(async () => {
  vaults = await vaultsSetup();
});
afterAll(() => vaults.close());

const at = (vaultName: string, resourceGroup = 'one') => ({ resourceGroup, vaultName });
const put = (name: string, properties = {}, group = 'one') =>
  vaults.call<Vault>('VaultPut', at(name, group), vaultBody(properties));
const policy = (secrets: string[]) => ({ tenantId: testTenant, objectId: 'someone', permissions: { secrets } });

describe('a vault', () => {
  it('is created, and a second identical PUT changes nothing', async () => {
    const made = await put('Fresh-One');
    expect(made.properties['vaultUri']).toBe('https://fresh-one.vault.localhost:8443/');
    const { context, reply } = await vaults.handle(
      'VaultPut',
      { params: { subscriptionId, ...at('fresh-one') } },
      vaultBody(),
    );
    expect(reply.body).toEqual(made);
    // Nothing appended: the pipeline records the request.
    expect(context.audit.commits).toBe(0);
    expect(await vaults.call('VaultGet', at('FRESH-ONE', 'ONE'))).toEqual(made);
  });

  it('leaves the record of its creation in the append transaction', async () => {
    const { context } = await vaults.handle('VaultPut', { params: { subscriptionId, ...at('recorded') } }, vaultBody());
    expect([context.audit.rowStatuses.length > 0, context.audit.commits]).toEqual([true, 1]);
    expect(context.audit.described.id).toMatch(/\/vaults\/recorded$/);
  });

  it('keeps what a PATCH does not mention, and loses by PUT what is optional', async () => {
    await put('patched', { enabledForDeployment: true, accessPolicies: [policy(['get'])] });
    const patched = await vaults.call<Vault>('VaultPatch', at('patched'), {
      tags: { a: 'b' },
      properties: { enablePurgeProtection: true },
    });
    expect(patched.tags).toEqual({ a: 'b' });
    expect(patched.properties).toMatchObject({ enabledForDeployment: true, enablePurgeProtection: true });
    expect(patched.properties.accessPolicies).toHaveLength(1);
    const replaced = await put('patched');
    expect(replaced.properties).toMatchObject({
      enabledForDeployment: false,
      enablePurgeProtection: true,
      accessPolicies: [],
    });
  });

  it('has access policies added, replaced and removed', async () => {
    await put('policies');
    const update = (kind: string, secrets: string[]) =>
      vaults.call<Vault>(
        'VaultAccessPolicyUpdate',
        { ...at('policies'), kind },
        { properties: { accessPolicies: [policy(secrets)] } },
      );
    const of = (vault: Vault) => vault.properties.accessPolicies.map(({ permissions }) => permissions['secrets']);
    expect(of(await update('add', ['get']))).toEqual([['get']]);
    expect(of(await update('add', ['set']))).toEqual([['get', 'set']]);
    expect(of(await update('replace', ['list']))).toEqual([['list']]);
    const empty = await update('remove', ['list']);
    expect(of(empty)).toEqual([]);
    expect(empty.id).toMatch(/\/accessPolicies\/$/);
  });

  it.each([
    ['an unknown subscription', { subscriptionId: '00000000-0000-4000-8000-000000000000' }, {}, 'SubscriptionNotFound'],
    ['an unknown group', { resourceGroup: 'nowhere' }, {}, 'ResourceGroupNotFound'],
    ['another location', {}, { location: 'mars' }, 'ArmBadRequest'],
    ['an illegal name', { vaultName: '1x' }, {}, 'VaultNameNotValid'],
    ['an unknown permission', {}, vaultBody({ accessPolicies: [policy(['fly'])] }), 'ArmBadRequest'],
    ['an unknown SKU', {}, vaultBody({ sku: { name: 'gold' } }), 'ArmBadRequest'],
    ['a wrong type', {}, vaultBody({ enableSoftDelete: 'yes' }), 'BadParameter'],
    ['a retention out of range', {}, vaultBody({ softDeleteRetentionInDays: 6 }), 'ArmBadRequest'],
    ['an unknown create mode', {}, vaultBody({ createMode: 'maybe' }), 'ArmBadRequest'],
  ])('is refused for %s', async (_what, place, body, code) => {
    const refused = vaults.call('VaultPut', { ...at('refused'), ...place }, { ...vaultBody(), ...body });
    await expect(refused).rejects.toMatchObject({ code });
  });
});

describe('the name of a vault', () => {
  it('goes to one of sixteen creators in two groups; the others are told that it is taken', async () => {
    const asked = Array.from({ length: 16 }, (_, i) => put('contended', {}, i % 2 === 0 ? 'one' : 'two'));
    const settled = await Promise.allSettled(asked);
    const groups = new Set(settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value.id.split('/')[4]] : [])));
    expect(groups.size).toBe(1);
    const codes = settled.flatMap((s) => (s.status === 'rejected' ? [(s.reason as { code: string }).code] : []));
    expect(new Set(codes)).toEqual(new Set(['VaultAlreadyExists']));
    expect(codes).toHaveLength(8);
  });

  it('stays taken while the vault is soft-deleted, comes back with it, and is free after a purge', async () => {
    await put('phoenix', { accessPolicies: [policy(['get'])] });
    await vaults.call('VaultDelete', at('phoenix'));
    await expect(vaults.call('VaultGet', at('phoenix'))).rejects.toMatchObject({ code: 'ResourceNotFound' });
    await expect(put('phoenix')).rejects.toMatchObject({ code: 'VaultDeletedStateConflict' });
    await expect(put('PHOENIX', {}, 'two')).rejects.toMatchObject({ code: 'VaultDeletedStateConflict' });
    const deleted = await vaults.call<{ value: { name: string }[] }>('VaultListDeleted', {});
    expect(deleted.value.map(({ name }) => name)).toContain('phoenix');

    const back = await put('phoenix', { createMode: 'recover' });
    expect(back.properties.accessPolicies).toHaveLength(1);
    await expect(put('phoenix', { createMode: 'recover' })).rejects.toMatchObject({
      code: 'SoftDeletedVaultDoesNotExist',
    });

    await vaults.call('VaultDelete', at('phoenix'));
    await vaults.call('VaultPurge', { location: 'local', vaultName: 'phoenix' });
    const before = await vaults.call<{ nameAvailable: boolean }>(
      'VaultCheckNameAvailability',
      {},
      { name: 'phoenix', type: 'Microsoft.KeyVault/vaults' },
    );
    expect(before.nameAvailable).toBe(true);
    expect((await put('phoenix', {}, 'two')).properties.accessPolicies).toEqual([]);
  });

  it('is purged when the retention ends, and not before', async () => {
    await put('expiring', { softDeleteRetentionInDays: 7, enablePurgeProtection: true });
    await vaults.call('VaultDelete', at('expiring'));
    const purge = vaults.call('VaultPurge', { location: 'local', vaultName: 'expiring' });
    await expect(purge).rejects.toMatchObject({ code: 'MethodNotAllowed' });
    const day = 86_400_000;
    expect(await vaults.purger.purgeDue(Date.now() + 6 * day)).toBe(0);
    expect(await vaults.purger.purgeDue(Date.now() + 8 * day)).toBe(1);
    expect(await vaults.directory.byName('expiring')).toBeUndefined();
  });
});

describe('the directory', () => {
  it('sees every change at once, in any spelling of the name', async () => {
    await put('seen', { accessPolicies: [policy(['get'])] });
    const first = await vaults.directory.byName('SEEN');
    expect(first).toMatchObject({ state: 'active', revision: 1, accessPolicies: [policy(['get'])] });
    // One snapshot per revision: decisions are compiled per list.
    expect(await vaults.directory.byName('seen')).toBe(await vaults.directory.byName('seen'));
    await vaults.call(
      'VaultAccessPolicyUpdate',
      { ...at('seen'), kind: 'remove' },
      { properties: { accessPolicies: [policy(['get'])] } },
    );
    expect(await vaults.directory.byName('seen')).toMatchObject({ revision: 2, accessPolicies: [] });
    expect(await vaults.directory.byId(first?.vaultId ?? '')).toMatchObject({ revision: 2 });
    await vaults.call('VaultDelete', at('seen'));
    expect(await vaults.directory.byName('seen')).toMatchObject({ state: 'deleted' });
    expect(await vaults.directory.byName('never-was')).toBeUndefined();
  });

  it('reads through while it holds no lease', async () => {
    await put('leased');
    const other = vaults.open();
    expect(await other.directory.byName('leased')).toMatchObject({ revision: 1 });
    vaults.lease.isLive = false;
    try {
      await vaults.call('VaultPatch', at('leased'), { tags: { changed: 'by another process' } });
      expect(await other.directory.byName('leased')).toMatchObject({ revision: 2 });
    } finally {
      vaults.lease.isLive = true;
    }
  });
});

describe('lists', () => {
  it('page by $top, with tokens that cannot be edited or used elsewhere', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await put(name, {}, 'two');
    const list = (query: Record<string, string>) =>
      vaults.call<{ value: Vault[]; nextLink?: string }>(
        'VaultListByResourceGroup',
        { resourceGroup: 'two' },
        undefined,
        { query },
      );
    const names: string[] = [];
    let query: Record<string, string> = { $top: '1' };
    for (;;) {
      const page = await list(query);
      expect(page.value.length).toBeLessThanOrEqual(1);
      names.push(...page.value.map(({ name }) => name));
      if (page.nextLink === undefined) break;
      query = Object.fromEntries(new URL(page.nextLink).searchParams);
    }
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['page-a', 'page-b', 'page-c']));
    const { nextLink = '' } = await list({ $top: '1' });
    const token = new URL(nextLink).searchParams.get('$skiptoken') ?? '';
    await expect(list({ $skiptoken: `A${token}` })).rejects.toMatchObject({ code: 'BadParameter' });
    const elsewhere = vaults.call('VaultList', {}, undefined, { query: { $skiptoken: token } });
    await expect(elsewhere).rejects.toMatchObject({ code: 'BadParameter' });
    await expect(list({ $top: '0' })).rejects.toMatchObject({ code: 'ArmBadRequest' });
  });

  it('find vaults as tools do, by type and name', async () => {
    await put('tooled');
    const find = (filter: string) =>
      vaults.call<{ value: { name: string }[] }>('ResourceList', {}, undefined, {
        query: { $filter: filter },
        apiVersion: '2015-11-01',
      });
    const type = "resourceType eq 'Microsoft.KeyVault/vaults'";
    expect((await find(`${type} and name eq 'TOOLED'`)).value.map(({ name }) => name)).toEqual(['tooled']);
    expect((await find(type)).value.map(({ name }) => name)).toContain('tooled');
    expect((await find("resourceType eq 'Microsoft.Storage/storageAccounts'")).value).toEqual([]);
  });
});

describe('/metadata/endpoints', () => {
  it.each([
    ['2015-01-01', (body: unknown) => (body as Record<string, unknown>)['authentication']],
    ['2020-06-01', (body: unknown) => (body as Record<string, unknown>[])[0]?.['authentication']],
    ['2022-09-01', (body: unknown) => (body as Record<string, unknown>)['authentication']],
  ])('names the sign-in in the shape of %s', async (apiVersion, authentication) => {
    const body = await vaults.call<unknown>('MetadataEndpoints', {}, undefined, { apiVersion });
    expect(authentication(body)).toMatchObject({
      loginEndpoint: 'https://login.localhost:8443/adfs',
      audiences: ['https://management.localhost:8443'],
    });
  });
});

describe('the read models', () => {
  it('are rebuilt from the log to the byte', async () => {
    for (const projection of vaultProjections) {
      const dump = async () => {
        const all: string[] = [];
        for (const table of projection.tables) {
          const { rows } = await vaults.database.query<{ line: string }>(
            `SELECT t::text AS line FROM ${table} t ORDER BY 1`,
          );
          all.push(...rows.map((row) => row.line));
        }
        return all;
      };
      const live = await dump();
      expect(live.length).toBeGreaterThan(0);
      expect(await rebuildProjection(vaults.database, projection)).toBeGreaterThan(0);
      expect(await dump()).toEqual(live);
    }
  });
});
