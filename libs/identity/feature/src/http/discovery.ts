import type { IdentityPorts } from '../application/ports.js';

/** Instance discovery, for clients that were pointed here instead of Microsoft's own host (sdk-contract 1.1). */
export function instanceDiscovery({ loginUrl, tenantId }: IdentityPorts): object {
  return {
    tenant_discovery_endpoint: `${loginUrl}/${tenantId}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [],
  };
}

const TRUSTED_REALM = 'http://schemas.microsoft.com/rel/trusted-realm';

/** What MSAL.NET asks of an AD FS authority before it trusts it (sdk-contract §6). */
export function webfinger(resource: string | null, loginUrl: string): object {
  return { subject: resource?.slice(0, 300) ?? loginUrl, links: [{ rel: TRUSTED_REALM, href: loginUrl }] };
}
