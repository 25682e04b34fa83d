import type { Decision, LeaseCall, PolicyChange, PolicyOwner, PolicyQuestion, PolicySource } from '@coffer/contracts';
import { HeldLease } from '@coffer/contracts';
import { policyBinding, remotePolicy } from '@coffer/grpc';
import { CofferError } from '@coffer/kernel';
import { status } from '@grpc/grpc-js';
import { GrpcSetup, until, type StartedServer } from './grpc-setup.js';

const away = () => Promise.reject(new CofferError('ServiceUnavailable', 'Away.'));
let setup: GrpcSetup;
beforeEach(async () => {
  setup = await GrpcSetup.make();
});
afterEach(() => setup.close());

async function over(
  owner: Partial<PolicyOwner>,
): Promise<{ readonly policy: PolicySource; readonly server: StartedServer }> {
  const whole = { snapshot: away, confirm: away, awaitEnforced: away, lease: away, ...owner };
  const server = await setup.serve({ bindings: [policyBinding(whole, ['crypto-gateway'])] });
  return { policy: remotePolicy(setup.peer([server.port])), server };
}

describe('the policy over gRPC', () => {
  it.each([0, 1, 2_500])('is whole with %i grants', async (count) => {
    const grants = Array.from({ length: count }, (_, i) => ({
      principalId: `principal-${i}`,
      roleDefinitionId: 'role',
      scope: '/subscriptions/s',
    }));
    const { policy } = await over({ snapshot: () => Promise.resolve({ revision: 42, grants }) });
    const snapshot = await policy.snapshot();
    expect(snapshot.revision).toBe(42);
    expect(snapshot.grants).toHaveLength(count);
    expect(snapshot.grants).toMatchObject(grants);
  });

  it.each<Decision>([
    { effect: 'allow', reason: 'RoleAssignment', revision: '7' },
    { effect: 'deny', reason: 'NoMatchingAssignment', revision: '8' },
  ])('confirms: $effect', async (decision) => {
    const asked: PolicyQuestion[] = [];
    const { policy } = await over({
      confirm: (question) => {
        asked.push(question);
        return Promise.resolve(decision);
      },
    });
    const principal = { oid: 'o', tid: 't', groups: ['g', 'h'], onBehalfOf: true, issuer: 'https://login.localhost' };
    const question = { action: 'Microsoft.KeyVault/vaults/read', scope: '/', deniedAtRevision: 3 };
    expect(await policy.confirm({ principal, ...question })).toEqual(decision);
    expect(await policy.confirm({ principal: { ...principal, appid: 'a' }, ...question })).toEqual(decision);
    // The issuer has no part in a decision.
    expect(asked).toEqual([
      { principal: { ...principal, issuer: '' }, ...question },
      { principal: { ...principal, appid: 'a', issuer: '' }, ...question },
    ]);
  });

  it('is enforced when its owner says so', async () => {
    let enforced = (): void => undefined;
    let asked = 0;
    const { policy } = await over({
      awaitEnforced: (revision) => {
        asked = revision;
        return new Promise((resolve) => (enforced = resolve));
      },
    });
    let over9 = false;
    const waiting = policy.awaitEnforced(9).then(() => (over9 = true));
    await until(
      () => asked,
      (revision) => revision === 9,
    );
    expect(over9).toBe(false);
    enforced();
    await waiting;
  });

  it('cannot be had when its owner is away', async () => {
    const { policy } = await over({});
    await expect(policy.snapshot()).rejects.toMatchObject({ code: 'ServiceUnavailable', message: 'Away.' });
    await expect(policy.awaitEnforced(1)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });
});

describe('a lease over gRPC', () => {
  const LEASE_MS = 60_000;
  /** Grants what is asked for, and hands on what the test sends. */
  function owner() {
    const calls: LeaseCall<PolicyChange>[] = [];
    const applied: number[] = [];
    const lease = async (call: LeaseCall<PolicyChange>) => {
      calls.push(call);
      for await (const upTo of call.requests) {
        applied.push(upTo);
        call.send({ changes: [], leaseMilliseconds: LEASE_MS });
      }
    };
    return { lease, calls, applied };
  }

  it('is held, told of changes, and held again by another stream after the server has gone', async () => {
    const { lease, calls, applied } = owner();
    const { policy, server } = await over({ lease });
    const told: number[] = [];
    let lapses = 0;
    const held = new HeldLease<PolicyChange>({
      open: () => policy.lease(),
      apply: ({ number }) => told.push(number),
    });
    held.onLapse(() => (lapses += 1));
    held.start();
    setup.onClose(() => held.close());
    await until(
      () => held.live(),
      (live) => live,
    );
    calls[0]?.send({ changes: [{ number: 1 }, { number: 2 }], leaseMilliseconds: 0 });
    await until(
      () => applied.at(-1),
      (upTo) => upTo === 2,
    );
    expect(told).toEqual([1, 2]);

    await server.close();
    await setup.serve({
      port: server.port,
      bindings: [policyBinding({ snapshot: away, confirm: away, awaitEnforced: away, lease }, ['crypto-gateway'])],
    });
    await until(
      () => lapses,
      (count) => count === 2,
    );
    expect(calls).toHaveLength(2);
  });

  it('ends for the owner when the holder is gone', async () => {
    const ended: string[] = [];
    const { policy } = await over({
      lease: async (call) => {
        for await (const upTo of call.requests) call.send({ changes: [], leaseMilliseconds: LEASE_MS + upTo });
        ended.push('by the holder');
      },
    });
    const stream = policy.lease();
    stream.send(0);
    expect(await stream.replies[Symbol.asyncIterator]().next()).toMatchObject({ done: false });
    stream.close();
    await until(
      () => ended.length,
      (count) => count === 1,
    );
  });

  it.each<[string, PolicyOwner['lease']]>([
    ['at once', away],
    [
      'when it asks',
      async ({ requests }) => {
        for await (const upTo of requests) throw new CofferError('ServiceUnavailable', `Away at ${upTo}.`);
      },
    ],
  ])('is refused as the owner refuses it, %s', async (_, lease) => {
    const { policy } = await over({ lease });
    const stream = policy.lease();
    stream.send(0);
    const failed: unknown = await stream.replies[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringMatching(/^Away/) as string });
  });
});
