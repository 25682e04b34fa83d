import { Hosts } from '@coffer/wire';
import { metadataEndpoints } from './metadata.js';
import { providerOperations, toProvider } from './provider.js';

const management = 'https://management.local.azurestack.external:8443';
const login = 'https://login.local.azurestack.external:8443';
const endpoints = {
  hosts: new Hosts({ domain: 'local.azurestack.external', port: 8443 }),
  authority: `${login}/adfs`,
  tenantId: '11111111-1111-4111-8111-111111111111',
  region: 'local',
};

describe('/metadata/endpoints', () => {
  it.each(['1.0', '2015-01-01'])('is in %s what az cloud register and older tools read', (apiVersion) => {
    expect(metadataEndpoints(apiVersion, endpoints)).toEqual({
      galleryEndpoint: `${management}/`,
      graphEndpoint: login,
      portalEndpoint: management,
      authentication: { loginEndpoint: `${login}/adfs`, audiences: [management] },
    });
  });

  it.each(['2019-05-01', '2020-06-01'])('is a list of clouds in %s', (apiVersion) => {
    expect(metadataEndpoints(apiVersion, endpoints)).toEqual([metadataEndpoints('2022-09-01', endpoints)]);
  });

  it.each(['2022-09-01', '2030-01-01'])('is one cloud in %s', (apiVersion) => {
    expect(metadataEndpoints(apiVersion, endpoints)).toMatchObject({
      name: 'Coffer-local',
      resourceManager: `${management}/`,
      authentication: {
        loginEndpoint: `${login}/adfs`,
        audiences: [management],
        tenant: 'adfs',
        identityProvider: 'ADFS',
      },
      suffixes: { keyVaultDns: 'vault.local.azurestack.external:8443' },
    });
  });

  it('names the tenant of an authority that is no AD FS', () => {
    const authority = `${login}/${endpoints.tenantId}`;
    expect(metadataEndpoints('2022-09-01', { ...endpoints, authority })).toMatchObject({
      authentication: { loginEndpoint: authority, tenant: endpoints.tenantId, identityProvider: 'AAD' },
    });
  });
});

describe('the resource provider', () => {
  it('is registered in every subscription and knows the versions that tools ask for', () => {
    expect(toProvider('s', 'local')).toMatchObject({
      id: '/subscriptions/s/providers/Microsoft.KeyVault',
      registrationState: 'Registered',
      resourceTypes: expect.arrayContaining([
        {
          resourceType: 'vaults',
          locations: ['local'],
          apiVersions: expect.arrayContaining(['2016-10-01', '2019-09-01', '2026-02-01']) as string[],
        },
      ]) as object[],
    });
    expect(toProvider(undefined, 'local')['id']).toBe('/providers/Microsoft.KeyVault');
  });

  it('lists each operation once, data actions marked', () => {
    const names = providerOperations.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(providerOperations).toEqual(
      expect.arrayContaining([
        {
          name: 'Microsoft.KeyVault/vaults/write',
          display: {
            provider: 'Microsoft Key Vault',
            resource: 'vaults',
            operation: 'write',
            description: 'write of vaults',
          },
          origin: 'user,system',
          isDataAction: false,
        },
        expect.objectContaining({ name: 'Microsoft.KeyVault/vaults/keys/sign/action', isDataAction: true }),
      ]),
    );
  });
});
