import { setImmediate } from 'node:timers/promises';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { isVaultPurged, vaultsProjection } from '@coffer/vaults-feature';
import { testContext, testTenant, type ContextOptions } from '../support/context.js';
import { subscriptionId, vaultBody, vaultsSetup } from './vault-management-setup.js';

type Setup = Awaited<ReturnType<typeof vaultsSetup>>;
type Operation = Parameters<Setup['handle']>[0];
interface List {
  readonly value: readonly { readonly name: string; readonly id: string }[];
}

const DAY = 86_400_000;
const OTHER = '55555555-5555-4555-8555-555555555555';
const NOW = Date.parse('2026-01-01T00:00:00.000Z');

let vaults: Setup;
beforeAll(async () => {
  vaults = await vaultsSetup();
});
afterAll(() => vaults.close());

const at = (vaultName: string, resourceGroup = 'one') => ({ resourceGroup, vaultName });
const deletedAt = (vaultName: string) => ({ location: 'local', vaultName });
const put = (name: string, properties = {}, options: ContextOptions = {}) =>
  vaults.call('VaultPut', at(name), vaultBody(properties), options);
const remove = (name: string, options: ContextOptions = {}) =>
  vaults.handle('VaultDelete', { ...options, params: { subscriptionId, ...at(name) } });
const policyOf = (objectId: string) => ({ tenantId: testTenant, objectId, permissions: { keys: ['Get'] } });
const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;
const names = ({ value }: List) => value.map(({ name }) => name);
const eventsOf = async (vaultId: string) => {
  const { rows } = await vaults.database.query<{ type: string }>(
    'SELECT type FROM events WHERE vault_id = $1 ORDER BY vault_seq',
    [vaultId],
  );
  return rows;
};
const idOf = async (name: string) => (await vaults.directory.byName(name))?.vaultId ?? '';

describe('the answer for a vault', () => {
  const by = '22222222-2222-4222-8222-222222222222';
  const id = `/subscriptions/${subscriptionId}/resourceGroups/one/providers/Microsoft.KeyVault/vaults/Casing-1`;

  it('is Azure’s, member for member, in the casing of the creator', async () => {
    const place = { subscriptionId: subscriptionId.toUpperCase(), ...at('Casing-1', 'ONE') };
    const body = { ...vaultBody({ accessPolicies: [policyOf('alice')] }), location: 'Local' };
    expect(await vaults.call('VaultPut', place, body, { now: NOW })).toEqual({
      id,
      name: 'Casing-1',
      type: 'Microsoft.KeyVault/vaults',
      location: 'local',
      tags: {},
      systemData: {
        createdBy: by,
        createdByType: 'Application',
        createdAt: '2026-01-01T00:00:00.000Z',
        lastModifiedBy: by,
        lastModifiedByType: 'Application',
        lastModifiedAt: '2026-01-01T00:00:00.000Z',
      },
      properties: {
        sku: { family: 'A', name: 'standard' },
        tenantId: testTenant,
        accessPolicies: [policyOf('alice')],
        enabledForDeployment: false,
        enableSoftDelete: true,
        softDeleteRetentionInDays: 90,
        enableRbacAuthorization: false,
        vaultUri: 'https://casing-1.vault.localhost:8443/',
        provisioningState: 'Succeeded',
        publicNetworkAccess: 'Enabled',
      },
    });
  });

  it('names, once deleted, when it goes', async () => {
    await put('leaving', { softDeleteRetentionInDays: 7 });
    await remove('leaving', { now: NOW });
    expect(await vaults.call('VaultGetDeleted', deletedAt('LEAVING'))).toEqual({
      id: `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/local/deletedVaults/leaving`,
      name: 'leaving',
      type: 'Microsoft.KeyVault/deletedVaults',
      properties: {
        vaultId: id.replace('Casing-1', 'leaving'),
        location: 'local',
        tags: {},
        deletionDate: '2026-01-01T00:00:00.000Z',
        scheduledPurgeDate: '2026-01-08T00:00:00.000Z',
      },
    });
    const elsewhere = vaults.call('VaultGetDeleted', { location: 'mars', vaultName: 'leaving' });
    await expect(elsewhere).rejects.toEqual(code('ResourceNotFound'));
  });
});

describe('a refused PUT', () => {
  it.each([
    ['too many policies', { accessPolicies: Array.from({ length: 1025 }, (_, i) => policyOf(`o${i}`)) }, {}],
    ['a tag that is too long', {}, { tags: { a: 'x'.repeat(257) } }],
    ['no SKU', { sku: undefined }, {}],
  ])('for %s leaves no event and takes no name', async (_what, properties, more) => {
    const { rows: before } = await vaults.database.query('SELECT count(*) FROM events');
    const asked = vaults.call('VaultPut', at('refused'), { ...vaultBody(properties), ...more });
    await expect(asked).rejects.toEqual(code('ArmBadRequest'));
    expect((await vaults.database.query('SELECT count(*) FROM events')).rows).toEqual(before);
    expect(await vaults.directory.byName('refused')).toBeUndefined();
  });
});

describe('DELETE of a vault', () => {
  it('may be repeated, and answers 204 then; a vault that never was is no error either', async () => {
    await put('twice');
    expect((await remove('twice')).reply).toEqual({});
    expect((await remove('twice')).reply).toEqual({ status: 204 });
    expect((await remove('never-was')).reply).toEqual({ status: 204 });
    await expect(vaults.call('VaultDelete', at('twice', 'nowhere'))).rejects.toEqual(code('ResourceGroupNotFound'));
  });

  it('ends a vault without soft-delete at once', async () => {
    await put('brief', { enableSoftDelete: false });
    const vaultId = await idOf('brief');
    await remove('brief');
    const events = await eventsOf(vaultId);
    expect(events.map(({ type }) => type)).toEqual(['VaultCreated', 'VaultDeleted', 'VaultPurged']);
    expect(events.map(isVaultPurged)).toEqual([false, false, true]);
    await put('brief');
    expect(await idOf('brief')).not.toBe(vaultId);
  });
});

describe('the name of a vault', () => {
  it('goes to one creator of two processes, however it is spelled', async () => {
    const other = vaults.open();
    const ask = async (i: number): Promise<unknown> => {
      const params = { subscriptionId, ...at(i % 2 === 0 ? 'contest' : 'CONTEST', i < 3 ? 'one' : 'two') };
      if (i % 3 === 0) return vaults.call('VaultPut', params, vaultBody());
      return (await other.controller.handlers.VaultPut(testContext('VaultPut', { params }), vaultBody())).body;
    };
    const settled = await Promise.allSettled([0, 1, 2, 3, 4, 5].map(ask));
    const won = settled.flatMap((s) => (s.status === 'fulfilled' ? [(s.value as { id: string }).id] : []));
    const lost = settled.flatMap((s) => (s.status === 'rejected' ? [s.reason as unknown] : []));
    expect([won.length, new Set(won).size, lost.length]).toEqual([3, 1, 3]);
    for (const reason of lost) expect(reason).toEqual(code('VaultAlreadyExists'));
  });

  it('is held by a soft-deleted vault against other subscriptions too', async () => {
    await vaults.call('SubscriptionPut', { subscriptionId: OTHER }, { displayName: 'Other' });
    const group = { subscriptionId: OTHER, resourceGroup: 'one' };
    await vaults.call('ResourceGroupPut', group, { location: 'local' });
    await put('held');
    await remove('held');
    const foreign = vaults.call('VaultPut', { ...group, vaultName: 'HELD' }, vaultBody());
    await expect(foreign).rejects.toEqual(code('VaultAlreadyExists'));
    const check = (name: string) =>
      vaults.call('VaultCheckNameAvailability', {}, { name, type: 'Microsoft.KeyVault/vaults' });
    expect(await check('Held')).toMatchObject({ nameAvailable: false, reason: 'AlreadyExists' });
    expect(await check('a--b')).toMatchObject({ nameAvailable: false, reason: 'AccountNameInvalid' });
  });
});

describe('the directory', () => {
  it('shows a change as soon as it is acknowledged, however busy it is', async () => {
    await put('busy');
    let asking = true;
    const readers = [1, 2, 3].map(async () => {
      while (asking) {
        await vaults.directory.byName('busy');
        await setImmediate(); // an answer from memory leaves no turn to the database
      }
    });
    for (let i = 1; i <= 20; i += 1) {
      const accessPolicies = [policyOf(`user-${i}`)];
      await vaults.call('VaultPatch', at('busy'), { properties: { accessPolicies } });
      const seen = await Promise.all([vaults.directory.byName('busy'), vaults.directory.byName('BUSY')]);
      for (const vault of seen) expect(vault?.accessPolicies[0]?.objectId).toBe(`user-${i}`);
    }
    asking = false;
    await Promise.all(readers);
  });

  it('finds a vault that was just created, though it was asked for a moment before', async () => {
    for (let i = 0; i < 10; i += 1) {
      const asked = vaults.directory.byName(`fresh-${i}`);
      await put(`fresh-${i}`);
      expect((await vaults.directory.byName(`fresh-${i}`))?.name).toBe(`fresh-${i}`);
      await asked;
    }
  });
});

describe('the end of the retention', () => {
  it('comes for each vault at its own time', async () => {
    for (const [i, name] of ['old-1', 'old-2', 'old-3'].entries()) {
      await put(name, { softDeleteRetentionInDays: 7 });
      await remove(name, { now: NOW + 30 * DAY + i });
    }
    const due = NOW + 37 * DAY;
    await vaults.purger.purgeDue(due - 1);
    expect(await vaults.purger.purgeDue(due + 1)).toBe(2);
    expect(await vaults.directory.byName('old-2')).toBeUndefined();
    expect((await vaults.directory.byName('old-3'))?.state).toBe('deleted');
  });

  it('spares a vault that was recovered and deleted again', async () => {
    await put('spared', { softDeleteRetentionInDays: 7 });
    await remove('spared', { now: NOW + 50 * DAY });
    await put('spared', { createMode: 'recover' });
    await remove('spared', { now: NOW + 56 * DAY });
    await vaults.purger.purgeDue(NOW + 57 * DAY);
    expect((await vaults.directory.byName('spared'))?.state).toBe('deleted');
  });
});

describe('around vaults', () => {
  const call = <T>(operation: Operation, params = {}, options: ContextOptions = {}) =>
    vaults.call<T>(operation, params, undefined, options);

  it.each(['VaultList', 'VaultListDeleted', 'ResourceList', 'ResourceGroupList', 'ManagedHsmListDeleted'] as const)(
    '%s is of subscriptions that exist',
    async (operation) => {
      await expect(call(operation, { subscriptionId: testTenant })).rejects.toEqual(code('SubscriptionNotFound'));
    },
  );

  it('a list of a group is of groups that exist', async () => {
    const nowhere = call('VaultListByResourceGroup', { resourceGroup: 'nowhere' });
    await expect(nowhere).rejects.toEqual(code('ResourceGroupNotFound'));
  });

  it('a subscription is created, renamed and read', async () => {
    await vaults.call('SubscriptionPut', {}, { displayName: 'Renamed' });
    expect(await call('SubscriptionGet', { subscriptionId: subscriptionId.toUpperCase() })).toEqual({
      id: `/subscriptions/${subscriptionId}`,
      subscriptionId,
      displayName: 'Renamed',
      state: 'Enabled',
      tenantId: testTenant,
    });
    expect((await call<List>('SubscriptionList')).value.map(({ id }) => id)).toContain(
      `/subscriptions/${subscriptionId}`,
    );
    const nameless = vaults.call('SubscriptionPut', { subscriptionId: 'x' }, { displayName: 'X' });
    await expect(nameless).rejects.toEqual(code('ArmBadRequest'));
  });

  it('a resource group is made once by many who ask at once, and keeps its location and spelling', async () => {
    const params = { subscriptionId, resourceGroup: 'Web' };
    const asked = [1, 2, 3, 4].map(() => vaults.handle('ResourceGroupPut', { params }, { location: 'local' }));
    const replies = (await Promise.all(asked)).map(({ reply }) => reply);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
    const tagged = await vaults.call(
      'ResourceGroupPut',
      { resourceGroup: 'WEB' },
      { location: 'Local', tags: { a: 'b' } },
    );
    expect(tagged).toMatchObject({ name: 'Web', tags: { a: 'b' } });
    const moved = vaults.call('ResourceGroupPut', { resourceGroup: 'Web' }, { location: 'mars' });
    await expect(moved).rejects.toEqual(code('ArmBadRequest'));
    await call('ResourceGroupHead', { resourceGroup: 'wEB' });
    await expect(call('ResourceGroupHead', { resourceGroup: 'none' })).rejects.toEqual(code('ResourceGroupNotFound'));
  });

  it('tools learn of the provider, its operations, the location, the tenant and that there are no HSMs', async () => {
    const provider = await call<object>('ProviderGet');
    expect(provider).toMatchObject({ namespace: 'Microsoft.KeyVault', registrationState: 'Registered' });
    expect(await call('ProviderRegister')).toEqual(provider);
    expect(await call('ProviderList')).toEqual({ value: [provider] });
    expect(names(await call<List>('LocationList'))).toEqual(['local']);
    expect((await call<List>('TenantList')).value).toHaveLength(1);
    expect(await call('ManagedHsmListDeleted')).toEqual({ value: [] });
    expect(names(await call<List>('OperationList'))).toEqual(
      expect.arrayContaining(['Microsoft.KeyVault/vaults/read', 'Microsoft.KeyVault/vaults/keys/sign/action']),
    );
  });
});

describe('the read model of vaults', () => {
  it('is rebuilt as it was when purged names have been given to other vaults', async () => {
    // Whichever order the log is replayed in: each of a dozen vaults, named alike, has its place in it by chance.
    for (let i = 0; i < 12; i += 1) {
      await put('again', { enableSoftDelete: false });
      if (i < 11) await remove('again');
    }
    const dump = () => vaults.database.query('SELECT t::text AS line FROM vaults t ORDER BY 1');
    const { rows: live } = await dump();
    await vaults.database.query('UPDATE vaults SET revision = 0');
    await rebuildProjection(vaults.database, vaultsProjection);
    expect((await dump()).rows).toEqual(live);
  });
});
