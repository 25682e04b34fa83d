import { readdirSync, readFileSync } from 'node:fs';
import {
  evolveRoleAssignment,
  noAssignment,
  type RoleAssignmentEvent,
  type RoleAssignmentState,
} from '@coffer/access-domain';

const directory = new URL('../../domain/fixtures/events/', import.meta.url);
const golden = (name: string): RoleAssignmentEvent =>
  JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as RoleAssignmentEvent;

/** Events as they have been stored since their schema version exists, in an order an assignment can live through. */
const life = ['RoleAssigned.v1.json', 'RoleRevoked.v1.json'];

describe('golden events of role assignments', () => {
  it('has every fixture in the replay', () => {
    expect(readdirSync(directory).sort()).toEqual([...life].sort());
  });

  it('replays to the state that they have always meant', () => {
    const states = life.reduce<RoleAssignmentState[]>(
      (all, name) => [...all, evolveRoleAssignment(all.at(-1) ?? noAssignment, golden(name))],
      [],
    );
    expect(states[0]).toMatchObject({
      status: 'assigned',
      terms: {
        principalId: 'aaaaaaaa-0000-4000-8000-000000000001',
        principalType: 'ServicePrincipal',
        roleDefinitionId: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
        scope: '/subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/rg',
      },
    });
    expect(states[1]).toEqual({ status: 'none' });
  });
});
