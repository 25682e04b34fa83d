import type { VaultSnapshot } from '@coffer/wire';
import fc from 'fast-check';
import { fromVaultMessage, toVaultMessage } from './vault-message.js';

const names = fc.array(fc.constantFrom('get', 'list', 'Purge', 'all'), { maxLength: 3 });
const policy = fc.record({
  tenantId: fc.uuid(),
  objectId: fc.uuid(),
  permissions: fc.record({ keys: names, secrets: names, certificates: names, storage: names }),
});
const entry = fc.oneof(
  policy,
  fc.tuple(policy, fc.uuid()).map(([rest, applicationId]) => ({ ...rest, applicationId })),
);
const vault: fc.Arbitrary<VaultSnapshot> = fc.record({
  vaultId: fc.uuid(),
  name: fc.string({ minLength: 1, maxLength: 24 }),
  resourceId: fc.string(),
  location: fc.string(),
  tenantId: fc.uuid(),
  sku: fc.constantFrom('standard' as const, 'premium' as const),
  state: fc.constantFrom('active' as const, 'deleted' as const),
  enableSoftDelete: fc.boolean(),
  softDeleteRetentionInDays: fc.integer({ min: 7, max: 90 }),
  enablePurgeProtection: fc.boolean(),
  enableRbacAuthorization: fc.boolean(),
  accessPolicies: fc.array(entry, { maxLength: 4 }),
  revision: fc.integer({ min: 1, max: 1_000_000 }),
});

describe('a vault as a message', () => {
  it('is the same vault on the other side', () => {
    fc.assert(
      fc.property(vault, (snapshot) => {
        expect(fromVaultMessage(toVaultMessage(snapshot))).toEqual(snapshot);
      }),
    );
  });

  it('gives no permission where there was none', () => {
    const [sample] = fc.sample(vault, 1);
    if (sample === undefined) throw new Error('no sample');
    const bare = { ...sample, accessPolicies: [{ tenantId: 't', objectId: 'o', permissions: { keys: ['get'] } }] };
    expect(fromVaultMessage(toVaultMessage(bare)).accessPolicies[0]?.permissions).toEqual({
      keys: ['get'],
      secrets: [],
      certificates: [],
      storage: [],
    });
  });

  it.each(['STATE_UNSPECIFIED', 'STATE_OF_A_NEWER_VERSION'])('in %s counts as deleted', (state) => {
    const [sample] = fc.sample(vault, 1);
    if (sample === undefined) throw new Error('no sample');
    expect(fromVaultMessage({ ...toVaultMessage(sample), state }).state).toBe('deleted');
  });
});
