import type { IdentityPorts } from '../application/ports.js';
import { authorities } from '../oidc/issuer.js';
import type { Authority } from '../oidc/types.js';

/** An endpoint that the library serves for one authority. */
export interface Endpoint {
  readonly authority: Authority;
  /** Path below the authority's mount, as the library spells it. */
  readonly inner: string;
  readonly methods: readonly string[];
}

const DISCOVERY = '/.well-known/openid-configuration';
const READ = ['GET', 'HEAD'];

/**
 * The endpoint at a path without double and trailing slashes; case makes no difference, as on Azure. Whatever else the
 * library would answer is not reachable.
 */
export function endpointAt(ports: IdentityPorts, path: string): Endpoint | undefined {
  const { adfs, tenant } = authorities(ports);
  const [, first = '', ...rest] = path.toLowerCase().split('/');
  if (first === 'adfs') {
    // Some clients append the tenant `adfs` to an authority that has it already (sdk-contract §6).
    return endpointOf(adfs, `/${(rest[0] === 'adfs' ? rest.slice(1) : rest).join('/')}`);
  }
  if (first !== ports.tenantId.toLowerCase()) return undefined;
  const inner = `/${rest.join('/')}`;
  if (inner === `/v2.0${DISCOVERY}`) return endpointOf(tenant, DISCOVERY);
  if (inner === '/oauth2/token') return endpointOf(tenant, tenant.routes.token);
  return endpointOf(tenant, inner);
}

function endpointOf(authority: Authority, inner: string): Endpoint | undefined {
  const { token, jwks, authorization } = authority.routes;
  if (inner === token) return { authority, inner, methods: ['POST'] };
  if (inner === DISCOVERY || inner === jwks) return { authority, inner, methods: READ };
  return inner === authorization ? { authority, inner, methods: ['GET', 'POST'] } : undefined;
}
