import type { Hosts } from '@coffer/wire';

type Json = Record<string, unknown>;

export interface Endpoints {
  readonly hosts: Hosts;
  readonly authority: string;
  readonly tenantId: string;
  readonly region: string;
}

/** `/metadata/endpoints`: another shape for every generation of tools (azure-api b.5). */
export function metadataEndpoints(apiVersion: string, endpoints: Endpoints): Json | Json[] {
  const { hosts, authority } = endpoints;
  if (apiVersion === '1.0' || apiVersion < '2019') {
    const login = hosts.url('login');
    return {
      galleryEndpoint: `${hosts.url('management')}/`,
      graphEndpoint: login,
      portalEndpoint: hosts.url('management'),
      authentication: { loginEndpoint: authority, audiences: [hosts.url('management')] },
    };
  }
  const cloud = cloudMetadata(endpoints);
  return apiVersion < '2022' ? [cloud] : cloud;
}

function cloudMetadata({ hosts, authority, tenantId, region }: Endpoints): Json {
  const management = hosts.url('management');
  const isAdfs = authority.toLowerCase().endsWith('/adfs');
  const vaultSuffix = new URL(hosts.vaultResource).host;
  return {
    name: `Coffer-${region}`,
    portal: management,
    resourceManager: `${management}/`,
    gallery: `${management}/`,
    graph: hosts.url('login'),
    graphAudience: hosts.url('login'),
    microsoftGraphResourceId: hosts.url('login'),
    authentication: {
      loginEndpoint: authority,
      audiences: [management],
      tenant: isAdfs ? 'adfs' : tenantId,
      identityProvider: isAdfs ? 'ADFS' : 'AAD',
    },
    // Without scheme and without leading dot: every tool adds its own.
    suffixes: { keyVaultDns: vaultSuffix },
  };
}
