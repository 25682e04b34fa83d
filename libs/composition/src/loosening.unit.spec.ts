import { loosens } from './loosening.js';

describe('loosens', () => {
  it.each(['KeyVersionUpdated', 'KeyDeleted', 'VaultAccessPoliciesReplaced', 'RoleRevoked', 'NobodyKnowsThis'])(
    'is false of %s, which may take away',
    (type) => {
      expect(loosens({ type, data: { enabled: true } })).toBe(false);
    },
  );

  it.each(['KeyRecovered', 'RoleAssigned'])('is true of %s, which only gives', (type) => {
    expect(loosens({ type, data: {} })).toBe(true);
  });

  it.each(['KeyVersionCreated', 'SecretVersionSet'])(
    'is true of %s when the new version is usable at any time',
    (type) => {
      expect(loosens({ type, data: { enabled: true } })).toBe(true);
    },
  );

  it.each([{ enabled: false }, { enabled: true, nbf: 1 }, { enabled: true, exp: 1 }, {}])(
    'is false of a new version with %j: the one that it replaces as the latest may have been usable',
    (data) => {
      expect(loosens({ type: 'KeyVersionCreated', data })).toBe(false);
      expect(loosens({ type: 'SecretVersionSet', data })).toBe(false);
    },
  );
});
