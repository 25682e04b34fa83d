import fc from 'fast-check';
import { auditOperations, managementOperations, principalOperations } from '@coffer/wire';
import { authorizeAtScope, type RoleGrant } from './authorize-at-scope.js';
import type { Caller } from './caller.js';
import { referenceAtScope } from './reference-evaluator.spec.js';
import {
  builtInRoles,
  COFFER_AUDIT_READER,
  CONTRIBUTOR,
  KEY_VAULT_CONTRIBUTOR,
  OWNER,
  READER,
  USER_ACCESS_ADMINISTRATOR,
} from './role-definition.js';

const caller: Caller = { oid: 'alice', tid: 't', groups: ['team'], onBehalfOf: false };
const subscription = '/subscriptions/s1';
const effect = (grants: readonly RoleGrant[], action: string, scope = subscription): string =>
  authorizeAtScope(caller, action, scope, grants).effect;
const role = (roleDefinitionId: string, scope = '/', principalId = 'alice'): RoleGrant => ({
  principalId,
  roleDefinitionId,
  scope,
});

const read = 'Microsoft.KeyVault/vaults/read';
const write = 'Microsoft.KeyVault/vaults/write';
const purge = 'Microsoft.KeyVault/locations/deletedVaults/purge/action';
const assign = 'Microsoft.Authorization/roleAssignments/write';
const createPrincipal = 'Coffer.Identity/principals/write';
const readPrincipals = 'Coffer.Identity/principals/read';
const audit = 'Coffer.Audit/records/read';

describe('roles', () => {
  const table: readonly [string, string, Readonly<Record<string, boolean>>][] = [
    [
      'Owner',
      OWNER,
      { [read]: true, [write]: true, [purge]: true, [assign]: true, [createPrincipal]: true, [audit]: false },
    ],
    [
      'Contributor',
      CONTRIBUTOR,
      {
        [read]: true,
        [write]: true,
        [purge]: true,
        [assign]: false,
        [createPrincipal]: false,
        [readPrincipals]: true,
        [audit]: false,
      },
    ],
    [
      'Reader',
      READER,
      {
        [read]: true,
        [write]: false,
        [purge]: false,
        [assign]: false,
        [createPrincipal]: false,
        [readPrincipals]: true,
        [audit]: false,
      },
    ],
    [
      'Key Vault Contributor',
      KEY_VAULT_CONTRIBUTOR,
      { [read]: true, [write]: true, [purge]: false, [assign]: false, [createPrincipal]: false, [audit]: false },
    ],
    [
      'User Access Administrator',
      USER_ACCESS_ADMINISTRATOR,
      { [read]: true, [write]: false, [purge]: false, [assign]: true, [createPrincipal]: false, [audit]: false },
    ],
    [
      'Coffer Audit Reader',
      COFFER_AUDIT_READER,
      { [read]: false, [write]: false, [assign]: false, [readPrincipals]: false, [audit]: true },
    ],
  ];
  it.each(table)('%s allows exactly its actions', (_name, id, actions) => {
    const decided = Object.fromEntries(Object.keys(actions).map((a) => [a, effect([role(id)], a) === 'allow']));
    expect(decided).toEqual(actions);
  });

  it('let an owner do everything on the management and sign-in hosts', () => {
    for (const operation of Object.values({ ...managementOperations, ...principalOperations })) {
      if (operation.access.plane === 'control') expect(effect([role(OWNER)], operation.access.action)).toBe('allow');
    }
  });

  it('give the audit log to nobody but its own readers', () => {
    const others = builtInRoles.filter((r) => r.id !== COFFER_AUDIT_READER).map((r) => role(r.id));
    expect(effect(others, auditOperations.AuditRecordList.access.action, '/')).toBe('deny');
    expect(effect([...others, role(COFFER_AUDIT_READER)], auditOperations.AuditRecordList.access.action, '/')).toBe(
      'allow',
    );
  });

  it('add up: what one role leaves out another may grant', () => {
    expect(effect([role(CONTRIBUTOR), role(USER_ACCESS_ADMINISTRATOR)], assign)).toBe('allow');
  });
});

describe('scopes', () => {
  const rows: readonly [string, string, 'allow' | 'deny'][] = [
    ['/', '/subscriptions/s1/resourceGroups/g', 'allow'],
    ['/', '/', 'allow'],
    ['/subscriptions/s1', '/subscriptions/s1', 'allow'],
    ['/subscriptions/s1/', '/SUBSCRIPTIONS/S1/resourcegroups/G', 'allow'],
    ['/subscriptions/s1', '/subscriptions/s10', 'deny'],
    ['/subscriptions/s1', '/subscriptions/s2', 'deny'],
    ['/subscriptions/s1', '/', 'deny'],
    ['/subscriptions/s1/resourceGroups/g', '/subscriptions/s1', 'deny'],
    ['/subscriptions/s1/resourceGroups/g', '/subscriptions/s1/resourceGroups/g2', 'deny'],
    ['/subscriptions/s1/resourceGroups/g', '/subscriptions/s1//resourcegroups/G/', 'allow'],
  ];
  it.each(rows)('an assignment at %s, asked for %s: %s', (at, asked, expected) => {
    expect(effect([role(READER, at)], read, asked)).toBe(expected);
  });
});

describe('assignments', () => {
  it('reach the members of a group', () => {
    expect(effect([role(READER, '/', 'TEAM')], read)).toBe('allow');
  });

  it('do not reach anybody else', () => {
    expect(effect([role(OWNER, '/', 'bob')], read)).toBe('deny');
  });

  it('name their role by GUID or by any role definition id', () => {
    const id = `/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/${READER.toUpperCase()}`;
    expect(effect([role(id)], read)).toBe('allow');
  });

  it('of an unknown role allow nothing', () => {
    expect(effect([role('00000000-0000-4000-8000-000000000000')], read)).toBe('deny');
  });

  it('deny by default, also an empty action', () => {
    expect(authorizeAtScope(caller, read, '/', [])).toEqual({ effect: 'deny', reason: 'NoMatchingAssignment' });
    expect(effect([role(OWNER)], '')).toBe('deny');
  });

  it('decide as the reference evaluator does', () => {
    const id = fc.constantFrom('a', 'A', 'b', 'c');
    const scope = fc
      .array(fc.constantFrom('subscriptions', 's1', 'S1', 's10', 'resourceGroups', 'g', ''), { maxLength: 4 })
      .map((parts) => `/${parts.join('/')}`);
    const segment = fc.constantFrom(
      'Microsoft.KeyVault',
      'Coffer.Audit',
      'Coffer.Identity',
      'vaults',
      'read',
      'Write',
      'x.y',
    );
    const action = fc.oneof(
      fc.constantFrom(read, write, purge, assign, audit, createPrincipal, ''),
      fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
    );
    const grant = fc.record({
      principalId: id,
      roleDefinitionId: fc.constantFrom(...builtInRoles.map((r) => r.id), 'nonsense'),
      scope,
    });
    const who = fc.record({ oid: id, tid: id, groups: fc.array(id, { maxLength: 2 }), onBehalfOf: fc.boolean() });
    let allowed = 0;
    fc.assert(
      fc.property(who, action, scope, fc.array(grant, { maxLength: 5 }), (c, a, s, grants) => {
        const expected = referenceAtScope(c, a, s, grants);
        allowed += expected ? 1 : 0;
        expect(authorizeAtScope(c, a, s, grants).effect).toBe(expected ? 'allow' : 'deny');
      }),
      { numRuns: 3000 },
    );
    expect(allowed).toBeGreaterThan(100);
  });
});
