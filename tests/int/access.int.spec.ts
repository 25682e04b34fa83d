import { COFFER_AUDIT_READER, OWNER, READER } from '@coffer/access-domain';
import { POLICY_LOG, roleAssignmentsProjection } from '@coffer/access-feature';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import { testContext, testPrincipal, testVault, type ContextOptions } from '../support/context.js';
import {
  accessSetup,
  alice,
  bodyOf,
  group,
  lapsed,
  live,
  OTHER,
  put,
  remove,
  SUBSCRIPTION,
  subscription,
  vault,
  type AccessInstance,
  type AccessSetup,
} from './access-setup.js';

let setup: AccessSetup;

beforeEach(async () => {
  setup = await accessSetup();
});

afterEach(() => setup.close());

const READ = 'Microsoft.KeyVault/vaults/read';

async function mayRead(instance: AccessInstance, scope = `/subscriptions/${SUBSCRIPTION}`): Promise<string> {
  return (await instance.authorizer.atScope(alice, READ, scope)).effect;
}

const rows = async () => (await setup.first.database.query('SELECT * FROM role_assignments ORDER BY name')).rows;

describe('a role assignment', () => {
  it('lets its principal in on the next call, also one whose refusal was just decided', async () => {
    expect(await mayRead(setup.first)).toBe('deny');

    const reply = await put(setup.first, newId(), bodyOf(alice.oid, READER));

    expect(reply.status).toBe(201);
    expect(
      await setup.first.authorizer.atScope(alice, READ, `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg`),
    ).toEqual({ effect: 'allow', reason: 'RoleAssignment', revision: '1' });
    expect(await mayRead(setup.first, `/subscriptions/${OTHER}`)).toBe('deny');
  });

  it('shuts its principal out on the next call once revoked', async () => {
    const name = newId();
    await put(setup.first, name, bodyOf(alice.oid, READER));
    expect(await mayRead(setup.first)).toBe('allow');

    expect((await remove(setup.first, name)).status).toBeUndefined();

    expect(await setup.first.authorizer.atScope(alice, READ, `/subscriptions/${SUBSCRIPTION}`)).toEqual({
      effect: 'deny',
      reason: 'NoMatchingAssignment',
      revision: '2',
    });
    expect((await remove(setup.first, name)).status).toBe(204);
  });

  it('reaches the members of a group', async () => {
    await put(setup.first, newId(), bodyOf('Treasury', READER));
    const member = testPrincipal({ oid: 'someone', groups: ['treasury'] });

    expect((await setup.first.authorizer.atScope(member, READ, `/subscriptions/${SUBSCRIPTION}`)).effect).toBe('allow');
  });

  it('is shown as ARM shows it', async () => {
    const name = newId();
    const { body } = await put(setup.first, name.toUpperCase(), bodyOf(alice.oid, READER), vault);
    const scope = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/pay`;
    const when = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T.*Z$/) as string;

    expect(body).toEqual({
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      name,
      type: 'Microsoft.Authorization/roleAssignments',
      properties: {
        roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${READER}`,
        principalId: alice.oid,
        principalType: 'User',
        scope,
        createdOn: when,
        updatedOn: when,
        createdBy: testPrincipal().oid,
        updatedBy: testPrincipal().oid,
      },
    });
    const context = testContext('RoleAssignmentGet', { params: { ...vault, assignmentName: name } });
    expect((await setup.first.controller.handlers.RoleAssignmentGet(context, undefined)).body).toEqual(body);
  });

  it('is made once however often it is put, and its terms do not change', async () => {
    const name = newId();
    const created = await put(setup.first, name, bodyOf(alice.oid, READER));
    const again = await put(setup.first, name, bodyOf(alice.oid, READER));

    expect(again).toEqual({ ...created, status: 200 });
    await expect(put(setup.first, name, bodyOf(alice.oid, OWNER))).rejects.toMatchObject({ code: 'ArmBadRequest' });
    await expect(put(setup.first, newId(), bodyOf(alice.oid, READER))).rejects.toMatchObject({
      code: 'RoleAssignmentExists',
    });
    expect(await setup.first.store.readVault(POLICY_LOG, 1, 10)).toHaveLength(1);
  });

  it('cannot be reached through a scope that is not its own', async () => {
    const name = newId();
    await put(setup.first, name, bodyOf(alice.oid, READER));

    for (const params of [{}, { subscriptionId: OTHER }, group]) {
      const context = testContext('RoleAssignmentGet', { params: { ...params, assignmentName: name } });
      await expect(setup.first.controller.handlers.RoleAssignmentGet(context, undefined)).rejects.toMatchObject({
        code: 'RoleAssignmentNotFound',
      });
      expect((await remove(setup.first, name, params)).status).toBe(204);
    }
    expect(await mayRead(setup.first)).toBe('allow');
  });

  it.each<[string, ContextOptions['params'], string, unknown]>([
    ['a scope with a slash in a name', { ...group, resourceGroup: 'rg/providers' }, newId(), bodyOf('x', READER)],
    ['a subscription that is no GUID', { subscriptionId: 's1' }, newId(), bodyOf('x', READER)],
    ['a name that is no GUID', subscription, 'reader', bodyOf('x', READER)],
    ['an unknown role', subscription, newId(), bodyOf('x', newId())],
    ['a principal with a control character', subscription, newId(), bodyOf('x\u0000', READER)],
    ['no principal', subscription, newId(), { properties: { roleDefinitionId: READER } }],
    ['no body', subscription, newId(), undefined],
  ])('is refused with %s', async (_what, params, name, body) => {
    const refusal = await put(setup.first, name, body, params).catch((error: unknown) => error);
    expect((refusal as { code: string }).code).toMatch(/^(ArmBadRequest|BadParameter)$/);
    expect(await rows()).toEqual([]);
  });
});

describe('the audit record of a role assignment', () => {
  it('is in the transaction of the change, and left to the pipeline when nothing changes', async () => {
    const name = newId();
    const context = testContext('RoleAssignmentPut', { params: { ...subscription, assignmentName: name } });
    await setup.first.controller.handlers.RoleAssignmentPut(context, bodyOf(alice.oid, READER));
    const again = testContext('RoleAssignmentPut', { params: { ...subscription, assignmentName: name } });
    await setup.first.controller.handlers.RoleAssignmentPut(again, bodyOf(alice.oid, READER));

    expect(context.audit).toMatchObject({ rowStatuses: [201], commits: 1 });
    expect(again.audit.commits).toBe(0);
    expect(context.audit.described).toMatchObject({
      id: `https://management.localhost:8443/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      properties: { principalId: alice.oid },
    });
    const { rows: inbox } = await setup.first.database.query('SELECT * FROM audit_inbox');
    expect(inbox).toHaveLength(1);
  });
});

describe('two instances over one database', () => {
  it('without a lease see each other’s changes on the next call', async () => {
    const second = setup.another(lapsed);
    const name = newId();
    expect(await mayRead(second)).toBe('deny');

    await put(setup.first, name, bodyOf(alice.oid, READER));
    expect(await mayRead(second)).toBe('allow');
    await remove(setup.first, name);
    expect(await mayRead(second)).toBe('deny');
  });

  it('revoke what the other one has assigned anew', async () => {
    const second = setup.another(lapsed);
    const name = newId();
    await put(setup.first, name, bodyOf(alice.oid, READER));
    await remove(setup.first, name);
    await put(second, name, bodyOf(alice.oid, READER));

    expect((await remove(setup.first, name)).status).toBeUndefined();
    expect(await mayRead(second)).toBe('deny');
  });

  it('do not serve a policy from before the lease was lost', async () => {
    let held = true;
    const second = setup.another({ live: () => held });
    const name = newId();
    await put(setup.first, name, bodyOf(alice.oid, READER));
    expect(await mayRead(second)).toBe('allow');

    held = false;
    await remove(setup.first, name);

    expect(await mayRead(second)).toBe('deny');
    held = true;
    expect(await mayRead(second)).toBe('deny');
  });
});

describe('authorization', () => {
  it('asks the database once for any number of decisions under a live lease', async () => {
    const second = setup.another(live);
    await put(setup.first, newId(), bodyOf(alice.oid, READER));
    expect(await mayRead(second)).toBe('allow');

    await second.cutOff();

    expect(await mayRead(second)).toBe('allow');
    expect(await mayRead(second, `/subscriptions/${OTHER}`)).toBe('deny');
  });

  it('is refused while the policy cannot be read', async () => {
    const second = setup.another(lapsed);
    const third = setup.another(live);
    await second.cutOff();
    await third.cutOff();

    await expect(mayRead(second)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await expect(mayRead(third)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });

  it('in a vault names the revision of the vault', () => {
    const policy = { tenantId: alice.tid, objectId: alice.oid, permissions: { secrets: ['Get'] } };
    const snapshot = testVault({ accessPolicies: [policy], revision: 7 });
    const get = { plane: 'data', object: 'secrets', permission: 'get', dataAction: '' } as const;

    expect(setup.first.authorizer.inVault(alice, get, snapshot)).toEqual({
      effect: 'allow',
      reason: 'AccessPolicy',
      revision: '7',
    });
    expect(setup.first.authorizer.inVault(alice, { ...get, permission: 'set' }, snapshot).effect).toBe('deny');
  });
});

describe('many grants at once', () => {
  it('are numbered without a gap, and the rebuilt read model is the live one', async () => {
    const second = setup.another(lapsed);
    const names = Array.from({ length: 32 }, () => newId());
    await Promise.all(
      names.map((name, i) => put(i % 2 === 0 ? setup.first : second, name, bodyOf(`principal-${i}`, READER))),
    );
    await Promise.all(names.slice(0, 8).map((name) => remove(second, name)));

    const events = await setup.first.store.readVault(POLICY_LOG, 1, 100);
    expect(events.map((event) => event.vaultSeq)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    const before = await rows();
    expect(before).toHaveLength(24);
    await rebuildProjection(setup.first.database, roleAssignmentsProjection);
    expect(await rows()).toEqual(before);
  });

  it('of one statement under many names leave one', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => put(setup.first, newId(), bodyOf(alice.oid, READER))),
    );

    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'RoleAssignmentExists' });
    }
    expect(await rows()).toHaveLength(1);
  });
});

describe('the administrator', () => {
  const audit = 'Coffer.Audit/records/read';

  it('owns everything after the first start, however often it is repeated', async () => {
    await setup.first.administration.assignOwner(alice.oid);
    await setup.first.administration.assignOwner(alice.oid);

    expect(await mayRead(setup.first, '/')).toBe('allow');
    expect((await setup.first.authorizer.atScope(alice, audit, '/')).effect).toBe('allow');
    expect((await rows()).map((row) => row['role_definition_id']).sort()).toEqual([OWNER, COFFER_AUDIT_READER].sort());
  });

  it('does not get back what was revoked', async () => {
    await setup.first.administration.assignOwner(alice.oid);
    const name = (await rows()).find((row) => row['role_definition_id'] === COFFER_AUDIT_READER)?.['name'] as string;
    await remove(setup.first, name, {});

    await setup.first.administration.assignOwner(alice.oid);

    expect((await setup.first.authorizer.atScope(alice, audit, '/')).effect).toBe('deny');
  });

  it('cannot be removed while nobody else owns everything', async () => {
    await setup.first.administration.assignOwner(alice.oid);
    const name = (await rows()).find((row) => row['role_definition_id'] === OWNER)?.['name'] as string;
    await expect(remove(setup.first, name, {})).rejects.toMatchObject({
      code: 'ArmBadRequest',
      message: expect.stringMatching(/^Cannot delete the last RBAC admin assignment\./) as string,
    });
    expect(await mayRead(setup.first, '/')).toBe('allow');

    await put(setup.first, newId(), bodyOf('second-owner', OWNER), {});
    await remove(setup.first, name, {});
    expect(await mayRead(setup.first, '/')).toBe('deny');
  });

  it('is still there after all owners were revoked at the same time', async () => {
    const second = setup.another(lapsed);
    const names = Array.from({ length: 6 }, () => newId());
    for (const [i, name] of names.entries()) await put(setup.first, name, bodyOf(`owner-${i}`, OWNER), {});

    const results = await Promise.allSettled(
      names.map((name, i) => remove(i % 2 === 0 ? setup.first : second, name, {})),
    );

    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
    expect(await rows()).toHaveLength(1);
  });
});
