import { readdirSync, readFileSync } from 'node:fs';
import {
  noVault,
  resourceGroupDecider,
  subscriptionDecider,
  vaultDecider,
  type ResourceGroupEvent,
  type ResourceGroupState,
  type SubscriptionEvent,
  type SubscriptionState,
  type VaultCreatedData,
  type VaultEvent,
  type VaultState,
} from '@coffer/vaults-domain';

const directory = new URL('../../domain/fixtures/', import.meta.url);
const golden = (name: string): unknown => JSON.parse(readFileSync(new URL(name, directory), 'utf8'));

/** Events as they have been stored since their schema version exists, in an order that they can be lived through. */
const subscription = ['subscription-created.v1.json', 'subscription-renamed.v1.json'];
const group = ['resource-group-created.v1.json', 'resource-group-tagged.v1.json'];
const vault = [
  'vault-created.v1.json',
  'vault-updated.v1.json',
  'vault-access-policies-replaced.v1.json',
  'vault-deleted.v1.json',
  'vault-recovered.v1.json',
  'vault-purged.v1.json',
];

function states<State>(names: readonly string[], initial: State, evolve: (state: State, event: unknown) => State) {
  let state = initial;
  return names.map((name) => (state = evolve(state, golden(name))));
}

describe('golden events of vault management', () => {
  it('has every fixture in the replay', () => {
    expect(readdirSync(directory).sort()).toEqual([...subscription, ...group, ...vault].sort());
  });

  it('replays subscriptions and resource groups to what they have always meant', () => {
    const evolve = (s: SubscriptionState, e: unknown) => subscriptionDecider.evolve(s, e as SubscriptionEvent);
    expect(states(subscription, undefined as SubscriptionState, evolve)).toEqual([
      { displayName: 'Coffer' },
      { displayName: 'Renamed' },
    ]);
    const evolveGroup = (s: ResourceGroupState, e: unknown) => resourceGroupDecider.evolve(s, e as ResourceGroupEvent);
    const [created, tagged] = states(group, undefined as ResourceGroupState, evolveGroup);
    expect(created).toMatchObject({ name: 'Default', location: 'local', tags: { env: 'test' } });
    expect(tagged).toEqual({ ...created, tags: {} });
  });

  it('replays vaults to what they have always meant', () => {
    const evolve = (s: VaultState, e: unknown) => vaultDecider.evolve(s, e as VaultEvent);
    const [created, updated, without, deleted, recovered, purged] = states(vault, noVault, evolve);
    const { data } = golden('vault-created.v1.json') as { data: VaultCreatedData };
    const { data: change } = golden('vault-updated.v1.json') as { data: Pick<VaultCreatedData, 'settings' | 'tags'> };
    expect(created).toEqual({ status: 'active', vault: data });
    expect(updated).toEqual({ status: 'active', vault: { ...data, ...change } });
    const last = { ...data, ...change, accessPolicies: [] };
    expect(without).toEqual({ status: 'active', vault: last });
    expect(deleted).toEqual({ status: 'deleted', vault: last, scheduledPurgeAt: '2026-04-01T00:00:00.000Z' });
    expect(recovered).toEqual(without);
    expect(purged).toEqual({ status: 'purged' });
  });
});
