import fc from 'fast-check';
import type { PolicyEntry, PolicyPermission } from './access-policy.js';
import { authorizeInVault } from './authorize-in-vault.js';
import type { Caller } from './caller.js';
import { referenceInVault } from './reference-evaluator.spec.js';

const tid = '11111111-1111-4111-8111-11111111111a';
const alice: Caller = {
  oid: 'aaaaaaaa-0000-4000-8000-000000000001',
  appid: 'App-1',
  tid,
  groups: [],
  onBehalfOf: false,
};
const entry = (more: Partial<PolicyEntry>): PolicyEntry => ({
  tenantId: tid,
  objectId: alice.oid,
  permissions: { secrets: ['get'] },
  ...more,
});
const get: PolicyPermission = { object: 'secrets', permission: 'get' };

describe('access policies', () => {
  const rows: readonly [string, Partial<Caller>, Partial<PolicyEntry>, PolicyPermission, 'allow' | 'deny'][] = [
    ['the named permission', {}, {}, get, 'allow'],
    ['another permission', {}, {}, { object: 'secrets', permission: 'set' }, 'deny'],
    ['the same word on another kind of object', {}, {}, { object: 'keys', permission: 'get' }, 'deny'],
    [
      'a permission written in other letters',
      {},
      { permissions: { keys: ['WRAPKEY'] } },
      { object: 'keys', permission: 'wrapKey' },
      'allow',
    ],
    ['all', {}, { permissions: { secrets: ['All'] } }, get, 'allow'],
    [
      'all, when purge is asked for',
      {},
      { permissions: { secrets: ['all'] } },
      { object: 'secrets', permission: 'purge' },
      'deny',
    ],
    [
      'all and purge',
      {},
      { permissions: { secrets: ['all', 'Purge'] } },
      { object: 'secrets', permission: 'purge' },
      'allow',
    ],
    ['an empty list', {}, { permissions: { secrets: [] } }, get, 'deny'],
    ['no permissions at all', {}, { permissions: {} }, get, 'deny'],
    ['another tenant', {}, { tenantId: '22222222-1111-4111-8111-111111111111' }, get, 'deny'],
    ['the tenant in other letters', {}, { tenantId: tid.toUpperCase() }, get, 'allow'],
    ['somebody else', {}, { objectId: 'bob' }, get, 'deny'],
    ['the caller in other letters', {}, { objectId: alice.oid.toUpperCase() }, get, 'allow'],
    ['a group of the caller', { groups: ['g1', 'g2'] }, { objectId: 'G2' }, get, 'allow'],
    ['a group the caller is not in', { groups: ['g1'] }, { objectId: 'g2' }, get, 'deny'],
    ['an application entry and a plain token', {}, { applicationId: 'app-1' }, get, 'deny'],
    ['an application entry and its on-behalf-of token', { onBehalfOf: true }, { applicationId: 'app-1' }, get, 'allow'],
    [
      'an application entry and another application',
      { onBehalfOf: true, appid: 'app-2' },
      { applicationId: 'app-1' },
      get,
      'deny',
    ],
    ['a plain entry and an on-behalf-of token', { onBehalfOf: true }, {}, get, 'allow'],
  ];
  it.each(rows)('decide on %s', (_what, caller, policy, access, effect) => {
    const vault = { enableRbacAuthorization: false, accessPolicies: [entry(policy)] };
    expect(authorizeInVault({ ...alice, ...caller }, access, vault).effect).toBe(effect);
  });

  it('are denied by default', () => {
    const decision = authorizeInVault(alice, get, { enableRbacAuthorization: false, accessPolicies: [] });
    expect(decision).toEqual({ effect: 'deny', reason: 'NoMatchingPolicy' });
  });

  it('mean nothing in a vault under RBAC', () => {
    const vault = {
      enableRbacAuthorization: true,
      accessPolicies: [entry({ permissions: { secrets: ['all', 'get'] } })],
    };
    expect(authorizeInVault(alice, get, vault)).toEqual({ effect: 'deny', reason: 'DeniedWithNoValidRBAC' });
  });

  it('add up over several entries of one principal', () => {
    const accessPolicies = [entry({ permissions: { keys: ['get'] } }), entry({ permissions: { secrets: ['get'] } })];
    expect(authorizeInVault(alice, get, { enableRbacAuthorization: false, accessPolicies }).effect).toBe('allow');
  });

  it('decide as the reference evaluator does', () => {
    const id = fc.constantFrom('a', 'A', 'b');
    const names = fc.array(fc.constantFrom('get', 'GET', 'all', 'All', 'purge', 'Purge', 'list', ''), { maxLength: 4 });
    const object = fc.constantFrom('keys', 'secrets', 'certificates', 'storage');
    const policy = fc.record(
      {
        tenantId: id,
        objectId: id,
        applicationId: id,
        permissions: fc.record(
          { keys: names, secrets: names, certificates: names, storage: names },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['tenantId', 'objectId', 'permissions'] },
    );
    const caller = fc.record(
      { oid: id, appid: id, tid: id, groups: fc.array(id, { maxLength: 3 }), onBehalfOf: fc.boolean() },
      { requiredKeys: ['oid', 'tid', 'groups', 'onBehalfOf'] },
    );
    const access = fc.record({ object, permission: fc.constantFrom('get', 'Get', 'purge', 'PURGE', 'list', 'all') });
    const vault = fc.record({
      enableRbacAuthorization: fc.constantFrom(false, false, false, true),
      accessPolicies: fc.array(policy, { maxLength: 5 }),
    });
    let allowed = 0;
    fc.assert(
      fc.property(caller, access, vault, (c, a, v) => {
        const expected = referenceInVault(c, a, v);
        allowed += expected ? 1 : 0;
        // Twice: the second answer comes from the compiled form.
        expect(authorizeInVault(c, a, v).effect).toBe(expected ? 'allow' : 'deny');
        expect(authorizeInVault(c, a, v).effect).toBe(expected ? 'allow' : 'deny');
      }),
      { numRuns: 3000 },
    );
    expect(allowed).toBeGreaterThan(100);
  });
});
