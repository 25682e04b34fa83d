import { HeldLease, type Authorizer, type Decision, type PolicyChange, type PolicySource } from '@coffer/contracts';
import type { Clock } from '@coffer/kernel';
import { RateLimit, type Access, type Principal, type VaultSnapshot } from '@coffer/wire';
import { LocalAuthorizer } from './local-authorizer.js';
import { PolicySnapshots } from './policy-snapshots.js';

export interface RemoteAuthorizerOptions {
  readonly source: PolicySource;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly onError: (error: unknown) => void;
}

/**
 * Decides in this process on the policy of another one, which it holds in memory under a lease; without the lease each
 * decision asks for the policy. A refusal is confirmed by the policy engine before it counts (architecture, rule 9).
 */
export class RemoteAuthorizer implements Authorizer {
  readonly lease: HeldLease<PolicyChange>;
  readonly #local: LocalAuthorizer;
  readonly #confirmations: RateLimit;

  constructor(private readonly options: RemoteAuthorizerOptions) {
    const { source, onError, clock } = options;
    this.lease = new HeldLease({
      open: () => source.lease(),
      apply: () => {
        policies.invalidate();
      },
      onError,
    });
    const policies = new PolicySnapshots({
      loadAll: () => source.snapshot(),
      loadFor: () => source.snapshot(),
      lease: this.lease,
    });
    this.#local = new LocalAuthorizer(policies);
    this.#confirmations = new RateLimit(clock);
  }

  inVault(principal: Principal, access: Extract<Access, { plane: 'data' }>, vault: VaultSnapshot): Decision {
    return this.#local.inVault(principal, access, vault);
  }

  /** Throws ServiceUnavailable when the policy engine cannot be asked and no lease is live. */
  async atScope(principal: Principal, action: string, scope: string): Promise<Decision> {
    const decision = await this.#local.atScope(principal, action, scope);
    if (decision.effect === 'allow' || !this.#confirmations.take(principal.oid)) return decision;
    const deniedAtRevision = Number(decision.revision);
    return this.options.source.confirm({ principal, action, scope, deniedAtRevision });
  }
}
