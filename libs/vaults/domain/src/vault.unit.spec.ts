import { scenario } from './scenario.spec.js';
import { noVault, type VaultCreatedData, type VaultEvent, type VaultPlacement } from './vault.js';
import { vaultDecider, type RequestedVault, type VaultCommand } from './vault.decide.js';
import type { RequestedSettings } from './vault-settings.js';

const decide = scenario(vaultDecider);
const tenantId = '11111111-1111-4111-8111-111111111111';
const placement: VaultPlacement = {
  vaultId: '55555555-0000-4000-8000-000000000001',
  name: 'Vault-1',
  subscriptionId: '44444444-4444-4444-8444-444444444444',
  resourceGroup: 'Group',
  location: 'local',
};
const policy = { tenantId, objectId: 'alice', permissions: { secrets: ['get'] } };
const created: VaultCreatedData = {
  ...placement,
  settings: {
    tenantId,
    sku: 'standard',
    enableSoftDelete: true,
    softDeleteRetentionInDays: 90,
    enablePurgeProtection: false,
    enableRbacAuthorization: false,
  },
  accessPolicies: [policy],
  tags: { team: 'a' },
};
const exists: VaultEvent = { type: 'VaultCreated', data: created };
const existsWith = (settings: Partial<VaultCreatedData['settings']>): VaultEvent => ({
  type: 'VaultCreated',
  data: { ...created, settings: { ...created.settings, ...settings } },
});
const now = Date.parse('2026-01-01T00:00:00.000Z');
const deleted: VaultEvent = {
  type: 'VaultDeleted',
  data: { name: 'Vault-1', deletedAt: '2026-01-01T00:00:00.000Z', scheduledPurgeAt: '2026-04-01T00:00:00.000Z' },
};
const purged: VaultEvent = { type: 'VaultPurged', data: { name: 'Vault-1' } };
const recovered: VaultEvent = { type: 'VaultRecovered', data: { name: 'Vault-1' } };

const put = (
  settings: RequestedSettings = {},
  more: Omit<Partial<RequestedVault>, 'settings'> = {},
  at: Partial<VaultPlacement> = {},
  apiVersion = '2023-07-01',
): VaultCommand => ({
  type: 'PutVault',
  placement: { ...placement, ...at },
  requested: { settings: { tenantId, sku: 'standard', ...settings }, ...more },
  apiVersion,
});
const patch = (
  settings: RequestedSettings = {},
  more: Omit<Partial<RequestedVault>, 'settings'> = {},
): VaultCommand => ({
  type: 'PatchVault',
  requested: { settings, ...more },
});
const settingsOf = (events: readonly VaultEvent[] | string): unknown => {
  const event = typeof events === 'string' ? undefined : events[0];
  return event?.type === 'VaultCreated' || event?.type === 'VaultUpdated' ? event.data.settings : events;
};

describe('creating a vault', () => {
  it("stores what was asked for and Azure's defaults", () => {
    const events = decide([], put({ sku: 'Standard' }, { accessPolicies: [policy], tags: { team: 'a' } }));
    expect(events).toEqual([exists]);
  });

  it.each(['ab', 'a'.repeat(25), '1abc', '-abc', 'abc-', 'a--b', 'a_b', 'a.b', 'abcé', ''])(
    'refuses the name "%s"',
    (name) => {
      expect(decide([], put({}, {}, { name }))).toBe('VaultNameNotValid');
    },
  );

  it.each(['abc', 'a'.repeat(24), 'A-1', 'a1-b2-c3'])('takes the name "%s"', (name) => {
    expect(decide([], put({}, {}, { name }))).toHaveLength(1);
  });

  it('keeps the location in its comparison form', () => {
    expect(decide([], put({}, {}, { location: 'West US' }))).toMatchObject([{ data: { location: 'westus' } }]);
  });

  it.each<[string, RequestedSettings]>([
    ['without a tenant', { tenantId: undefined as never }],
    ['with a tenant that is no GUID', { tenantId: 'adfs' }],
    ['without a SKU', { sku: undefined as never }],
    ['with another SKU', { sku: 'basic' }],
    ['with 6 days of retention', { softDeleteRetentionInDays: 6 }],
    ['with 91 days of retention', { softDeleteRetentionInDays: 91 }],
    ['with half a day of retention', { softDeleteRetentionInDays: 7.5 }],
    ['with purge protection switched off', { enablePurgeProtection: false }],
    ['with purge protection but no soft-delete', { enablePurgeProtection: true, enableSoftDelete: false }],
    ['with an unknown publicNetworkAccess', { publicNetworkAccess: 'maybe' }],
    ['with a rule that is no address', { networkAcls: { ipRules: [{ value: '1.2.3.256' }] } }],
    ['with a rule that is no range', { networkAcls: { ipRules: [{ value: '1.2.3.4/33' }] } }],
    ['with too many rules', { networkAcls: { ipRules: Array.from({ length: 1001 }, () => ({ value: '1.2.3.4' })) } }],
  ])('is refused %s', (_what, settings) => {
    expect(decide([], put(settings))).toBe('ArmBadRequest');
  });

  it.each<[RequestedSettings, object]>([
    [{ sku: 'PREMIUM' }, { sku: 'premium' }],
    [{ softDeleteRetentionInDays: 7 }, { softDeleteRetentionInDays: 7 }],
    [{ enableSoftDelete: false }, { enableSoftDelete: false }],
    [{ enablePurgeProtection: true }, { enablePurgeProtection: true }],
    [{ publicNetworkAccess: 'disabled' }, { publicNetworkAccess: 'disabled' }],
    [{ enabledForDeployment: true }, { enabledForDeployment: true }],
    [
      { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '10.0.0.0/8' }] } },
      { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '10.0.0.0/8' }] } },
    ],
  ])('stores %j', (asked, stored) => {
    expect(settingsOf(decide([], put(asked)))).toMatchObject(stored);
  });

  it.each<[string, boolean | undefined, boolean]>([
    ['2023-07-01', undefined, false],
    ['2025-05-01', undefined, false],
    ['2026-02-01', undefined, true],
    ['2026-03-01-preview', undefined, true],
    ['2026-02-01', false, false],
    ['2015-06-01', true, true],
  ])('under api-version %s with enableRbacAuthorization %s stores %s', (apiVersion, asked, stored) => {
    const settings = asked === undefined ? {} : { enableRbacAuthorization: asked };
    expect(settingsOf(decide([], put(settings, {}, {}, apiVersion)))).toMatchObject({
      enableRbacAuthorization: stored,
    });
  });

  it('refuses more tags than ARM allows, and endless ones', () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, '']));
    expect(decide([], put({}, { tags: many }))).toBe('ArmBadRequest');
    expect(decide([], put({}, { tags: { a: 'x'.repeat(257) } }))).toBe('ArmBadRequest');
    expect(decide([], put({}, { tags: { a: '\0' } }))).toBe('ArmBadRequest');
    expect(decide([], put({}, { tags: { ['x'.repeat(513)]: '' } }))).toBe('ArmBadRequest');
  });
});

describe('PUT on a vault that exists', () => {
  it('changes nothing when it says the same', () => {
    expect(decide([exists], put({}, { accessPolicies: [policy], tags: { team: 'a' } }))).toEqual([]);
  });

  it('replaces policies and tags with its own', () => {
    const other = { ...policy, objectId: 'bob' };
    expect(decide([exists], put({}, { accessPolicies: [other] }))).toEqual([
      { type: 'VaultUpdated', data: { settings: created.settings, tags: {} } },
      { type: 'VaultAccessPoliciesReplaced', data: { accessPolicies: [other] } },
    ]);
  });

  it('leaves the policies alone when it names none', () => {
    expect(decide([exists], put({}, { tags: { team: 'a' } }))).toEqual([]);
  });

  it('finds the vault whatever the letters of name and group', () => {
    const command = put({}, { tags: { team: 'a' } }, { name: 'VAULT-1', resourceGroup: 'GROUP', location: 'LOCAL' });
    expect(decide([exists], command)).toEqual([]);
  });

  it('drops optional settings that it does not repeat', () => {
    const given = existsWith({ enabledForDeployment: true });
    expect(settingsOf(decide([given], put({}, { tags: { team: 'a' } })))).toEqual(created.settings);
  });

  it('keeps RBAC, retention and purge protection when it does not mention them', () => {
    const strict = { enableRbacAuthorization: true, softDeleteRetentionInDays: 7, enablePurgeProtection: true };
    expect(settingsOf(decide([existsWith(strict)], put({ sku: 'premium' })))).toMatchObject({
      sku: 'premium',
      ...strict,
    });
  });

  it('is a conflict in another group, subscription or location', () => {
    expect(decide([exists], put({}, {}, { resourceGroup: 'other' }))).toBe('VaultAlreadyExists');
    expect(decide([exists], put({}, {}, { subscriptionId: tenantId }))).toBe('VaultAlreadyExists');
    expect(decide([exists], put({}, {}, { location: 'elsewhere' }))).toBe('Conflict');
  });

  it('is a conflict while the name is soft-deleted', () => {
    expect(decide([exists, deleted], put())).toBe('VaultDeletedStateConflict');
    expect(decide([exists, deleted], put({}, {}, { subscriptionId: tenantId }))).toBe('VaultAlreadyExists');
  });

  it('starts no second life in the stream of a purged vault', () => {
    expect(decide([exists, deleted, purged], put())).toBe('Conflict');
  });
});

describe('the settings that only tighten', () => {
  it.each([
    ['PUT', put],
    ['PATCH', patch],
  ])('stay under %s', (_method, command) => {
    expect(decide([exists], command({ enableSoftDelete: false }))).toBe('ArmBadRequest');
    expect(decide([exists], command({ softDeleteRetentionInDays: 30 }))).toBe('ArmBadRequest');
    expect(decide([exists], command({ enablePurgeProtection: false }))).toBe('ArmBadRequest');
    expect(settingsOf(decide([exists], command({ enablePurgeProtection: true })))).toMatchObject({
      enablePurgeProtection: true,
    });
  });

  it('may be repeated as they are', () => {
    expect(decide([exists], patch({ enableSoftDelete: true, softDeleteRetentionInDays: 90 }))).toEqual([]);
  });

  it('may be switched on later', () => {
    const given = existsWith({ enableSoftDelete: false });
    expect(settingsOf(decide([given], patch({ enableSoftDelete: true })))).toMatchObject({ enableSoftDelete: true });
    expect(decide([given], patch({ enablePurgeProtection: true }))).toBe('ArmBadRequest');
  });
});

describe('PATCH', () => {
  it('keeps what it does not mention', () => {
    const given = existsWith({ enabledForDeployment: true });
    expect(decide([given], patch({ sku: 'premium' }))).toEqual([
      {
        type: 'VaultUpdated',
        data: { settings: { ...created.settings, enabledForDeployment: true, sku: 'premium' }, tags: { team: 'a' } },
      },
    ]);
  });

  it('replaces tags and policies when it names them', () => {
    expect(decide([exists], patch({}, { tags: {}, accessPolicies: [] }))).toEqual([
      { type: 'VaultUpdated', data: { settings: created.settings, tags: {} } },
      { type: 'VaultAccessPoliciesReplaced', data: { accessPolicies: [] } },
    ]);
  });

  it('needs an active vault', () => {
    expect(decide([], patch())).toBe('ResourceNotFound');
    expect(decide([exists, deleted], patch())).toBe('ResourceNotFound');
  });
});

describe('deleting a vault', () => {
  it('reserves it for the retention', () => {
    expect(decide([exists], { type: 'DeleteVault', now })).toEqual([deleted]);
  });

  it('is final at once without soft-delete', () => {
    const events = decide([existsWith({ enableSoftDelete: false })], { type: 'DeleteVault', now });
    expect(events).toMatchObject([{ type: 'VaultDeleted' }, { type: 'VaultPurged' }]);
  });

  it('needs an active vault', () => {
    expect(decide([exists, deleted], { type: 'DeleteVault', now })).toBe('ResourceNotFound');
  });
});

describe('recovering a vault', () => {
  const recover = (at: Partial<VaultPlacement> = {}): VaultCommand => ({
    type: 'RecoverVault',
    placement: { ...placement, ...at },
  });

  it('brings it back with its policies', () => {
    expect(decide([exists, deleted], recover())).toEqual([recovered]);
    const state = [exists, deleted, recovered].reduce((s, e) => vaultDecider.evolve(s, e), noVault);
    expect(state).toEqual({ status: 'active', vault: created });
  });

  it('needs a deleted vault at the same place', () => {
    for (const given of [[], [exists], [exists, deleted, purged]]) {
      expect(decide(given, recover())).toBe('SoftDeletedVaultDoesNotExist');
    }
    expect(decide([exists, deleted], recover({ resourceGroup: 'other' }))).toBe('SoftDeletedVaultDoesNotExist');
    expect(decide([exists, deleted], recover({ location: 'other' }))).toBe('SoftDeletedVaultDoesNotExist');
  });
});

describe('purging a vault', () => {
  const due = Date.parse('2026-04-01T00:00:00.000Z');

  it('ends it', () => {
    expect(decide([exists, deleted], { type: 'PurgeVault', now })).toEqual([purged]);
  });

  it('needs a deleted vault', () => {
    for (const given of [[], [exists], [exists, deleted, recovered], [exists, deleted, purged]]) {
      expect(decide(given, { type: 'PurgeVault', now })).toBe('ResourceNotFound');
    }
  });

  it('waits for the end of the retention under purge protection', () => {
    const given = [existsWith({ enablePurgeProtection: true }), deleted];
    expect(decide(given, { type: 'PurgeVault', now: due - 1 })).toBe('MethodNotAllowed');
    expect(decide(given, { type: 'PurgeVault', now: due })).toEqual([purged]);
  });

  it('happens by itself when the retention has ended, and not before, nor to a vault that has come back', () => {
    const atEnd = (now: number): VaultCommand => ({ type: 'PurgeVault', now, because: 'retention' });
    expect(decide([exists, deleted], atEnd(due - 1))).toEqual([]);
    expect(decide([exists, deleted], atEnd(due))).toEqual([purged]);
    for (const given of [[], [exists], [exists, deleted, recovered], [exists, deleted, purged]]) {
      expect(decide(given, atEnd(due))).toEqual([]);
    }
  });
});
