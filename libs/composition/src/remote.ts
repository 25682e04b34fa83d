import type { Authorizer, TokenVerifier, VaultDirectory, VaultKeySource } from '@coffer/contracts';
import type { OwnerLog } from '@coffer/event-sourcing';
import { CofferError } from '@coffer/kernel';

function away(peer: string): CofferError {
  return new CofferError('ServiceUnavailable', `The service ${peer} cannot be reached.`, { retryAfterSeconds: 5 });
}

/**
 * What a service of its own process has of the others until the transport between them (contracts/proto) is there: every
 * call is refused with ServiceUnavailable, so that requests are answered with 503 and nothing is decided without its owner.
 */
export const unreachable = {
  directory: (): VaultDirectory => ({
    byName: () => Promise.reject(away('vault-management')),
    byId: () => Promise.reject(away('vault-management')),
  }),
  authorizer: (): Authorizer => ({
    inVault: () => {
      throw away('policy-engine');
    },
    atScope: () => Promise.reject(away('policy-engine')),
  }),
  vaultKeys: (): VaultKeySource => ({
    current: () => Promise.reject(away('crypto-gateway')),
    byTerm: () => Promise.reject(away('crypto-gateway')),
  }),
  ownerLog: (): OwnerLog => ({
    readVault: () => Promise.reject(away('vault-management')),
    heads: () => Promise.reject(away('vault-management')),
  }),
  tokens: (): TokenVerifier => ({ verify: () => Promise.reject(away('identity')) }),
};
