import { CONTRIBUTOR, OWNER, READER, type RoleAssignmentTerms } from '@coffer/access-domain';
import { newId } from '@coffer/kernel';
import { testContext, type ContextOptions } from '../support/context.js';
import {
  accessSetup,
  alice,
  bodyOf,
  group,
  put,
  SUBSCRIPTION,
  subscription,
  type AccessSetup,
} from './access-setup.js';

let setup: AccessSetup;

beforeEach(async () => {
  setup = await accessSetup();
});

afterEach(() => setup.close());

async function list(params: ContextOptions['params'], filter?: string): Promise<RoleAssignmentTerms[]> {
  const context = testContext('RoleAssignmentList', {
    params: params ?? {},
    query: filter === undefined ? {} : { $filter: filter },
    principal: alice,
  });
  const { body } = await setup.first.controller.handlers.RoleAssignmentList(context, undefined);
  return (body as { value: { properties: RoleAssignmentTerms }[] }).value.map((item) => item.properties);
}

describe('the list of role assignments', () => {
  beforeEach(async () => {
    await put(setup.first, newId(), bodyOf('root-reader', READER), {});
    await put(setup.first, newId(), bodyOf(alice.oid, READER), subscription);
    await put(setup.first, newId(), bodyOf('treasury', CONTRIBUTOR), group);
    await put(setup.first, newId(), bodyOf('in-other-group', READER), { ...group, resourceGroup: 'rg2' });
  });

  const principals = async (params: ContextOptions['params'], filter?: string) =>
    (await list(params, filter)).map((terms) => terms.principalId).sort();

  it('has what lies at the scope, above it and below it', async () => {
    expect(await principals(group)).toEqual([alice.oid, 'root-reader', 'treasury']);
    expect(await principals(subscription)).toEqual([alice.oid, 'in-other-group', 'root-reader', 'treasury']);
  });

  it('with atScope() leaves out what lies below', async () => {
    expect(await principals(subscription, 'atScope()')).toEqual([alice.oid, 'root-reader']);
  });

  it('can be narrowed to a principal, and to a caller with its groups', async () => {
    expect(await principals({}, `principalId eq '${alice.oid.toUpperCase()}'`)).toEqual([alice.oid]);
    expect(await principals({}, "atScope() and assignedTo('root-reader')")).toEqual(['root-reader']);
  });

  it('assignedTo the caller has what its groups are assigned, too', async () => {
    const context = testContext('RoleAssignmentList', {
      query: { $filter: `assignedTo('${alice.oid}')` },
      principal: { ...alice, groups: ['Treasury'] },
    });
    const { body } = await setup.first.controller.handlers.RoleAssignmentList(context, undefined);
    const { value } = body as { value: { properties: RoleAssignmentTerms }[] };
    expect(value.map((item) => item.properties.principalId).sort()).toEqual([alice.oid, 'treasury']);
  });

  it('comes in pages that together have each assignment once', async () => {
    await setup.first.database.query(
      `INSERT INTO role_assignments
       SELECT gen_random_uuid()::text, 'p' || i, 'p' || i, NULL, $1, '', '/', i, 'test' FROM generate_series(1, 1200) i`,
      [READER],
    );
    const seen: string[] = [];
    let query: Record<string, string> = { $filter: 'atScope()' };
    for (let pages = 1; ; pages += 1) {
      const context = testContext('RoleAssignmentList', { query });
      const { body } = await setup.first.controller.handlers.RoleAssignmentList(context, undefined);
      const { value, nextLink } = body as { value: { name: string }[]; nextLink: string | null };
      seen.push(...value.map((item) => item.name));
      if (nextLink === null) {
        expect(pages).toBe(3);
        break;
      }
      const next = new URL(nextLink);
      expect(next.pathname).toBe('/providers/Microsoft.Authorization/roleAssignments');
      query = Object.fromEntries(next.searchParams);
    }
    expect(seen).toHaveLength(1201);
    expect(new Set(seen).size).toBe(1201);
  });

  it('refuses a filter that it does not know', async () => {
    await expect(list({}, "principalId ne 'x'")).rejects.toMatchObject({ code: 'ArmBadRequest' });
    await expect(list({}, "principalId eq 'x' and principalId eq 'y'")).rejects.toMatchObject({
      code: 'ArmBadRequest',
    });
  });
});

describe('the list of role definitions', () => {
  const definitions = async (filter?: string): Promise<{ id: string; properties: { roleName: string } }[]> => {
    const query = filter === undefined ? {} : { $filter: filter };
    const context = testContext('RoleDefinitionList', { params: subscription, query });
    const { body } = await setup.first.controller.handlers.RoleDefinitionList(context, undefined);
    return (body as { value: { id: string; properties: { roleName: string } }[] }).value;
  };

  it('finds a role by its name', async () => {
    const found = await definitions("roleName eq 'owner'");
    expect(found.map((role) => role.id)).toEqual([
      `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${OWNER}`,
    ]);
    expect((await definitions()).length).toBeGreaterThan(5);
    expect(await definitions("type eq 'CustomRole'")).toEqual([]);
  });

  it('has every role by its id, and no other', async () => {
    const get = (roleId: string) =>
      setup.first.controller.handlers.RoleDefinitionGet(
        testContext('RoleDefinitionGet', { params: { roleId } }),
        undefined,
      );
    expect((await get(OWNER.toUpperCase())).body).toMatchObject({ name: OWNER });
    await expect(get(newId())).rejects.toMatchObject({ code: 'RoleDefinitionNotFound' });
  });
});
