import { CofferError } from '@coffer/kernel';
import { READER, type RoleGrant } from '@coffer/access-domain';
import { PolicySnapshots, type Policy } from './policy-snapshots.js';

const grant = (principalId: string): RoleGrant => ({ principalId, roleDefinitionId: READER, scope: '/' });

/** Loads that end when the test says so. */
class Loads {
  readonly started: { end(policy: Policy): void; fail(error: Error): void }[] = [];
  readonly askedFor: (readonly string[])[] = [];
  held = true;

  readonly policies = new PolicySnapshots({
    loadAll: () => this.#start(),
    loadFor: (principals) => {
      this.askedFor.push(principals);
      return this.#start();
    },
    lease: { live: () => this.held },
  });

  #start(): Promise<Policy> {
    return new Promise((resolve, reject) => {
      this.started.push({ end: resolve, fail: reject });
    });
  }
}

const policy = (revision: number, ...principals: string[]): Policy => ({ revision, grants: principals.map(grant) });

describe('the policy in memory', () => {
  it('is loaded once for all who ask under a live lease', async () => {
    const loads = new Loads();
    const asked = [loads.policies.grantsOf(['alice']), loads.policies.grantsOf(['bob', 'team'])];
    loads.started[0]?.end(policy(3, 'Alice', 'Team', 'bob'));

    expect(await Promise.all(asked)).toEqual([policy(3, 'Alice'), policy(3, 'bob', 'Team')]);
    expect(await loads.policies.grantsOf(['nobody'])).toEqual(policy(3));
    expect(loads.started).toHaveLength(1);
  });

  it('is not joined after a write by those who ask later, while it was still loading', async () => {
    const loads = new Loads();
    const before = loads.policies.grantsOf(['alice']);
    loads.policies.invalidate();
    const after = loads.policies.grantsOf(['alice']);
    loads.started[1]?.end(policy(2));
    loads.started[0]?.end(policy(1, 'alice'));

    expect(await before).toEqual(policy(1, 'alice'));
    expect(await after).toEqual(policy(2));
    expect(await loads.policies.grantsOf(['alice'])).toEqual(policy(2));
  });

  it('is neither used nor kept without a lease', async () => {
    const loads = new Loads();
    const first = loads.policies.grantsOf(['alice']);
    loads.started[0]?.end(policy(1, 'alice'));
    await first;

    loads.held = false;
    const without = loads.policies.grantsOf(['alice']);
    loads.started[1]?.end(policy(2));
    expect(await without).toEqual(policy(2));
    expect(loads.askedFor).toEqual([['alice']]);

    loads.held = true;
    const again = loads.policies.grantsOf(['alice']);
    loads.started[2]?.end(policy(3));
    expect(await again).toEqual(policy(3));
  });

  it('that could not be loaded is refused to all who wait, and loaded again for the next', async () => {
    const loads = new Loads();
    const asked = [loads.policies.grantsOf(['alice']), loads.policies.grantsOf(['bob'])];
    loads.started[0]?.fail(new CofferError('ServiceUnavailable', 'away'));
    for (const result of await Promise.allSettled(asked)) expect(result.status).toBe('rejected');

    const next = loads.policies.grantsOf(['alice']);
    loads.started[1]?.end(policy(1, 'alice'));
    expect(await next).toEqual(policy(1, 'alice'));
  });
});
