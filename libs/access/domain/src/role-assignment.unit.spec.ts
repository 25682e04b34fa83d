import { CofferError } from '@coffer/kernel';
import { roleAssignmentDecider, type RoleAssignmentCommand } from './role-assignment.decide.js';
import { noAssignment, type RoleAssignmentEvent, type RoleAssignmentTerms } from './role-assignment.js';
import { OWNER, READER } from './role-definition.js';

const name = '99999999-0000-4000-8000-000000000001';
const terms: RoleAssignmentTerms = { principalId: 'alice', roleDefinitionId: READER, scope: '/subscriptions/s1' };
const assigned: RoleAssignmentEvent = { type: 'RoleAssigned', data: { name, ...terms } };
const revoked: RoleAssignmentEvent = { type: 'RoleRevoked', data: { name } };
const assign = (more: Partial<RoleAssignmentTerms> = {}, as = name): RoleAssignmentCommand => ({
  type: 'AssignRole',
  name: as,
  terms: { ...terms, ...more },
});
const decide = (given: readonly RoleAssignmentEvent[], when: RoleAssignmentCommand): readonly RoleAssignmentEvent[] =>
  roleAssignmentDecider.decide(
    when,
    given.reduce((state, event) => roleAssignmentDecider.evolve(state, event), noAssignment),
  );

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof CofferError ? error.code : 'not a CofferError';
  }
};

describe('a role assignment', () => {
  it('is made once', () => {
    expect(decide([], assign())).toEqual([assigned]);
  });

  it('is not made again when it says the same', () => {
    expect(decide([assigned], assign({ principalId: 'ALICE', scope: '/Subscriptions/S1/' }))).toEqual([]);
  });

  it.each<[string, Partial<RoleAssignmentTerms>]>([
    ['principal', { principalId: 'bob' }],
    ['role', { roleDefinitionId: OWNER }],
    ['scope', { scope: '/' }],
  ])('cannot be changed to another %s', (_what, change) => {
    expect(() => decide([assigned], assign(change))).toThrow(CofferError);
  });

  it('is revoked once', () => {
    const revoke = { type: 'RevokeRole', name, scope: '/Subscriptions/S1/' } as const;
    expect(decide([assigned], revoke)).toEqual([revoked]);
    expect(decide([assigned, revoked], revoke)).toEqual([]);
    expect(decide([], revoke)).toEqual([]);
  });

  it.each(['/', '/subscriptions/s2', '/subscriptions/s1/resourceGroups/g'])(
    'is not revoked by who may revoke at %s only',
    (scope) => {
      expect(decide([assigned], { type: 'RevokeRole', name, scope })).toEqual([]);
    },
  );

  it('may be made anew, with other terms, once revoked', () => {
    const other = { ...terms, principalId: 'bob' };
    expect(decide([assigned, revoked], assign(other))).toEqual([{ type: 'RoleAssigned', data: { name, ...other } }]);
  });

  it.each<[string, RoleAssignmentCommand]>([
    ['a name that is no GUID', assign({}, 'reader-of-alice')],
    ['an unknown role', assign({ roleDefinitionId: '00000000-0000-4000-8000-000000000000' })],
    ['no principal', assign({ principalId: '' })],
    ['an endless principal', assign({ principalId: 'x'.repeat(257) })],
  ])('is refused with %s', (_what, command) => {
    expect(codeOf(() => decide([], command))).toBe('ArmBadRequest');
  });
});
