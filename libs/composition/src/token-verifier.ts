import { systemClock } from '@coffer/kernel';
import { createTokenVerifier, type JwksSource, type TrustedIssuer } from '@coffer/token-verifier';
import type { TokenVerifier } from '@coffer/contracts';
import { authorities } from '@coffer/identity-feature';
import type { Hosts } from '@coffer/wire';
import type { Config } from './config/schema.js';

/** What Azure's own clients may name as the audience of a vault, whatever the installation is called (azure-api b.6). */
const AZURE_VAULT_AUDIENCES = ['https://vault.azure.net', 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093'];

/** Resources that tokens are issued for and accepted with. */
export function audiences(hosts: Hosts) {
  return {
    vault: [hosts.vaultResource],
    management: [hosts.url('management')],
    audit: [hosts.url('audit')],
    graph: [hosts.url('login')],
  };
}

/** Accepts tokens of the built-in issuer and of every configured one. */
export function tokenVerifier(config: Config, hosts: Hosts, builtIn: readonly TrustedIssuer[]): TokenVerifier {
  const own = audiences(hosts);
  return createTokenVerifier({
    issuers: [...builtIn, ...config.issuers],
    audiences: { ...own, vault: [...own.vault, ...AZURE_VAULT_AUDIENCES] },
    clock: systemClock,
    clockSkewSeconds: config.clockSkewSeconds,
  });
}

/** The built-in issuer where its keys come from another process. */
export function builtInIssuers(hosts: Hosts, tenantId: string, jwks: JwksSource): readonly TrustedIssuer[] {
  const { adfs, tenant } = authorities({ loginUrl: hosts.url('login'), tenantId });
  return [adfs, tenant].map(({ issuer }) => ({ issuer, tenantId, jwks }));
}
