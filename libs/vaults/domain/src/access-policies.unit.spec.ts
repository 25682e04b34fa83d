import {
  updateAccessPolicies,
  type AccessPolicy,
  type AccessPolicyUpdateKind,
  type Permissions,
} from './access-policies.js';
import { expandAll, permissionKinds, permissionNames } from './permissions.js';
import { scenario } from './scenario.spec.js';
import { vaultDecider } from './vault.decide.js';
import type { VaultEvent } from './vault.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const entry = (permissions: Permissions, more: Partial<AccessPolicy> = {}): AccessPolicy => ({
  tenantId,
  objectId: 'alice',
  permissions,
  ...more,
});
const after = (
  present: readonly AccessPolicy[],
  kind: AccessPolicyUpdateKind,
  change: AccessPolicy,
): readonly Permissions[] => updateAccessPolicies(present, kind, [change]).map((p) => p.permissions);

describe('accessPolicies/add', () => {
  it('joins permissions of the same identity, once each, as written', () => {
    const present = [entry({ secrets: ['Get'], keys: ['sign'] })];
    expect(after(present, 'add', entry({ secrets: ['get', 'LIST'], certificates: ['get'] }))).toEqual([
      { secrets: ['Get', 'LIST'], keys: ['sign'], certificates: ['get'] },
    ]);
  });

  it('adds an entry for another object, application or tenant', () => {
    const present = [entry({ secrets: ['get'] })];
    expect(after(present, 'add', entry({}, { objectId: 'bob' }))).toHaveLength(2);
    expect(after(present, 'add', entry({}, { applicationId: tenantId }))).toHaveLength(2);
    expect(after(present, 'add', entry({}, { tenantId: '21111111-1111-4111-8111-111111111111' }))).toHaveLength(2);
  });

  it('knows the identity in any letters', () => {
    expect(after([entry({ secrets: ['get'] })], 'add', entry({ secrets: ['set'] }, { objectId: 'ALICE' }))).toEqual([
      { secrets: ['get', 'set'] },
    ]);
  });

  it('ends at 1024 entries', () => {
    const full = Array.from({ length: 1024 }, (_, i) => entry({ secrets: ['get'] }, { objectId: `o${i}` }));
    expect(() => updateAccessPolicies(full, 'add', [entry({})])).toThrow('at most 1024');
    expect(updateAccessPolicies(full, 'add', [entry({ secrets: ['set'] }, { objectId: 'o7' })])).toHaveLength(1024);
  });
});

describe('accessPolicies/replace', () => {
  it('puts the permissions in the place of the old ones and leaves other entries alone', () => {
    const present = [entry({ secrets: ['get', 'set'], keys: ['sign'] }), entry({ keys: ['get'] }, { objectId: 'bob' })];
    expect(after(present, 'replace', entry({ secrets: ['list'] }))).toEqual([{ secrets: ['list'] }, { keys: ['get'] }]);
  });

  it('adds an entry that was not there', () => {
    expect(after([], 'replace', entry({ secrets: ['list'] }))).toEqual([{ secrets: ['list'] }]);
  });

  it('leaves one entry where several stood for the identity', () => {
    const present = [entry({ secrets: ['get'] }), entry({ secrets: ['set'] })];
    expect(after(present, 'replace', entry({ secrets: ['list'] }))).toEqual([{ secrets: ['list'] }]);
  });
});

describe('accessPolicies/remove', () => {
  it('takes permissions away in any letters', () => {
    expect(after([entry({ secrets: ['Get', 'set'] })], 'remove', entry({ secrets: ['GET'] }))).toEqual([
      { secrets: ['set'] },
    ]);
  });

  it('drops an entry that is left with nothing', () => {
    expect(after([entry({ secrets: ['get'], keys: [] })], 'remove', entry({ secrets: ['get'] }))).toEqual([]);
  });

  it('drops the whole entry when it names no permission', () => {
    expect(after([entry({ secrets: ['get'], keys: ['all'] })], 'remove', entry({}))).toEqual([]);
  });

  it('leaves other kinds and other identities alone', () => {
    const present = [entry({ secrets: ['get'], keys: ['get'] }), entry({ secrets: ['get'] }, { objectId: 'bob' })];
    expect(after(present, 'remove', entry({ secrets: ['get'] }))).toEqual([
      { secrets: [], keys: ['get'] },
      { secrets: ['get'] },
    ]);
  });

  it('reaches every entry of the identity', () => {
    const present = [entry({ secrets: ['get', 'set'] }), entry({ secrets: ['get'] })];
    expect(after(present, 'remove', entry({ secrets: ['get'] }))).toEqual([{ secrets: ['set'] }]);
  });

  it('spells `all` out when a part of it is taken away', () => {
    expect(after([entry({ secrets: ['all'] })], 'remove', entry({ secrets: ['get'] }))).toEqual([
      { secrets: expandAll('secrets').filter((name) => name !== 'get') },
    ]);
  });

  it('leaves `all` as it is when purge, which it does not hold, is taken away', () => {
    expect(after([entry({ secrets: ['all', 'purge'] })], 'remove', entry({ secrets: ['purge'] }))).toEqual([
      { secrets: ['all'] },
    ]);
  });

  it('of `all` takes everything but purge', () => {
    expect(after([entry({ secrets: ['all', 'get', 'purge'] })], 'remove', entry({ secrets: ['all'] }))).toEqual([
      { secrets: ['purge'] },
    ]);
    expect(after([entry({ secrets: ['all', 'purge'] })], 'remove', entry({ secrets: ['all', 'purge'] }))).toEqual([]);
  });

  it('changes nothing for an identity without an entry', () => {
    const present = [entry({ secrets: ['get'] })];
    expect(updateAccessPolicies(present, 'remove', [entry({ secrets: ['get'] }, { objectId: 'bob' })])).toEqual(
      present,
    );
  });
});

describe('an update of access policies', () => {
  const settings = { tenantId, sku: 'standard', enableSoftDelete: true, softDeleteRetentionInDays: 90 } as const;
  const exists: VaultEvent = {
    type: 'VaultCreated',
    data: {
      vaultId: 'v',
      name: 'vault',
      subscriptionId: 's',
      resourceGroup: 'g',
      location: 'local',
      tags: {},
      settings: { ...settings, enablePurgeProtection: false, enableRbacAuthorization: false },
      accessPolicies: [entry({ secrets: ['get'] })],
    },
  };
  const decide = scenario(vaultDecider);

  it('becomes an event only when it changes something', () => {
    const add = (secrets: string[]) =>
      decide([exists], { type: 'UpdateAccessPolicies', kind: 'add', accessPolicies: [entry({ secrets })] });
    expect(add(['get'])).toEqual([]);
    expect(add(['set'])).toEqual([
      { type: 'VaultAccessPoliciesReplaced', data: { accessPolicies: [entry({ secrets: ['get', 'set'] })] } },
    ]);
  });

  it.each<[string, AccessPolicy]>([
    ['an unknown permission', entry({ secrets: ['sign'] })],
    ['a permission of another kind', entry({ keys: ['set'] })],
    ['a tenant that is no GUID', entry({}, { tenantId: 'adfs' })],
    ['an empty object id', entry({}, { objectId: '' })],
    ['an application id that is no GUID', entry({}, { applicationId: 'app' })],
  ])('is refused with %s', (_what, change) => {
    for (const kind of ['add', 'replace', 'remove'] as const) {
      expect(decide([exists], { type: 'UpdateAccessPolicies', kind, accessPolicies: [change] })).toBe('ArmBadRequest');
    }
  });

  it('takes every name of the table, in any letters', () => {
    for (const kind of permissionKinds) {
      const names = permissionNames[kind].map((name) => name.toUpperCase());
      expect(after([], 'add', entry({ [kind]: names }))).toEqual([{ [kind]: names }]);
    }
  });

  it('needs a vault', () => {
    expect(decide([], { type: 'UpdateAccessPolicies', kind: 'add', accessPolicies: [] })).toBe('ResourceNotFound');
  });
});
