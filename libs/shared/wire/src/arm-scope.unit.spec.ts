import { armScope } from './arm-scope.js';

describe('the scope of a management path', () => {
  it.each<[string, Record<string, string>]>([
    ['/', {}],
    ['/subscriptions/s', { subscriptionId: 's' }],
    ['/subscriptions/s', { subscriptionId: 's', location: 'local', vaultName: 'deleted' }],
    ['/subscriptions/s/resourceGroups/g', { subscriptionId: 's', resourceGroup: 'g' }],
    [
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v',
      { subscriptionId: 's', resourceGroup: 'g', vaultName: 'v' },
    ],
  ])('is %s', (scope, params) => {
    expect(armScope(params)).toBe(scope);
  });

  it.each(['s/resourceGroups/g', 's/', '/', 's\u0000', 's\n', ''])('is refused when a name in it is %j', (name) => {
    const refused = expect.objectContaining({ code: 'ArmBadRequest' }) as Error;
    expect(() => armScope({ subscriptionId: name })).toThrow(refused);
    expect(() => armScope({ subscriptionId: 's', resourceGroup: name })).toThrow(refused);
    expect(() => armScope({ subscriptionId: 's', resourceGroup: 'g', vaultName: name })).toThrow(refused);
  });
});
