import { resourceGroupDecider, type ResourceGroup, type ResourceGroupEvent } from './resource-group.js';
import { scenario } from './scenario.spec.js';
import { subscriptionDecider, type SubscriptionEvent } from './subscription.js';

const subscriptionId = '44444444-4444-4444-8444-444444444444';

describe('a subscription', () => {
  const decide = scenario(subscriptionDecider);
  const put = (displayName: string, id = subscriptionId) =>
    ({ type: 'PutSubscription', subscriptionId: id, displayName }) as const;
  const created: SubscriptionEvent = { type: 'SubscriptionCreated', data: { subscriptionId, displayName: 'A' } };

  it('is created, renamed, and left alone when nothing changes', () => {
    expect(decide([], put('A'))).toEqual([created]);
    expect(decide([created], put('B'))).toEqual([
      { type: 'SubscriptionRenamed', data: { subscriptionId, displayName: 'B' } },
    ]);
    expect(decide([created], put('A'))).toEqual([]);
  });

  it.each([put('', subscriptionId), put('x'.repeat(65)), put('A', 'mine')])('is refused as %j', (command) => {
    expect(decide([], command)).toBe('ArmBadRequest');
  });
});

describe('a resource group', () => {
  const decide = scenario(resourceGroupDecider);
  const group: ResourceGroup = { resourceGroupId: 'g', subscriptionId, name: 'Group-1', location: 'local', tags: {} };
  const put = (more: Partial<ResourceGroup> = {}) =>
    ({ type: 'PutResourceGroup', group: { ...group, ...more } }) as const;
  const created: ResourceGroupEvent = { type: 'ResourceGroupCreated', data: group };

  it('is created, tagged, and left alone when nothing changes', () => {
    expect(decide([], put({ location: 'Local' }))).toEqual([created]);
    expect(decide([created], put({ tags: { a: 'b' } }))).toEqual([
      { type: 'ResourceGroupTagged', data: { resourceGroupId: 'g', tags: { a: 'b' } } },
    ]);
    expect(decide([created], put())).toEqual([]);
  });

  it('does not move', () => {
    expect(decide([created], put({ location: 'elsewhere' }))).toBe('Conflict');
  });

  it.each(['', 'a.', 'a/b', 'a b', 'x'.repeat(91), 'a%2f'])('is refused with the name "%s"', (name) => {
    expect(decide([], put({ name }))).toBe('ArmBadRequest');
  });

  it.each(['a', 'a.b', '(a)_-', 'x'.repeat(90)])('takes the name "%s"', (name) => {
    expect(decide([], put({ name }))).toHaveLength(1);
  });
});
