import { audienceOf, requestedResource } from './resources.js';

describe('the resource of a token request', () => {
  it.each([
    [{ scope: 'https://v/.default' }, 'https://v'],
    [{ scope: 'https://v//.default' }, 'https://v'],
    [{ scope: 'openid https://v/.default profile' }, 'https://v'],
    [{ resource: 'https://v/' }, 'https://v'],
    [{ resource: 'https://a', scope: 'https://b/.default' }, 'https://a'],
    [{ resource: '', scope: 'https://b/.default' }, 'https://b'],
    [{ scope: 'https://v' }, undefined],
    [{ scope: '' }, undefined],
    [{ resource: ['https://a', 'https://b'] }, undefined],
    [{}, undefined],
  ])('of %j is %s', (form, expected) => {
    expect(requestedResource(form)).toBe(expected);
  });

  it('is found in time that grows with its length only', () => {
    expect(requestedResource({ resource: `a${'/'.repeat(1_000_000)}` })).toBe('a');
    expect(requestedResource({ resource: '/'.repeat(1_000_000) })).toBe('');
  });
});

describe('the audience of a resource', () => {
  const audiences = {
    vault: ['https://vault.x:8443', 'https://vault.azure.net'],
    management: [],
    audit: [],
    graph: [],
  };

  it('is spelled as configured, however the caller spells it', () => {
    expect(audienceOf(audiences, 'HTTPS://Vault.X:8443//')).toBe('https://vault.x:8443');
    expect(audienceOf(audiences, 'https://vault.azure.net')).toBe('https://vault.azure.net');
  });

  it.each(['', '/', 'https://vault.x', 'https://vault.x:8443/path', 'https://vault.x:8443.evil'])(
    'does not exist for %j',
    (resource) => {
      expect(audienceOf(audiences, resource)).toBeUndefined();
    },
  );
});
