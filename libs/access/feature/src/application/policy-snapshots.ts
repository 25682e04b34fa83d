import type { RoleGrant } from '@coffer/access-domain';
import type { Lease } from '@coffer/contracts';

/** Grants as they stood at one revision of the policy log. */
export interface Policy {
  /** `vaultSeq` of the last event that it contains. */
  readonly revision: number;
  readonly grants: readonly RoleGrant[];
}

export interface PolicySnapshotsOptions {
  readonly loadAll: () => Promise<Policy>;
  /** Only the grants of these principals (lower-case ids). */
  readonly loadFor: (principals: readonly string[]) => Promise<Policy>;
  readonly lease: Lease;
}

/** All grants by lower-case principal id. Never changed once made, so that every decision is made on one revision. */
interface Snapshot {
  readonly revision: number;
  readonly byPrincipal: ReadonlyMap<string, readonly RoleGrant[]>;
}

/**
 * The policy in memory, whole: a new grant is then seen at once also by those who had none. Served under a live lease
 * only; without one each question reads the grants of its own principals (architecture, rule 8). A write drops the
 * snapshot before the writer's caller is answered (rule 7): a load that runs then is used by those who already wait for
 * it, but neither kept nor joined by anyone who comes later.
 */
export class PolicySnapshots {
  /** The load whose result later questions may use; settled or still running. */
  #current: Promise<Snapshot> | undefined;

  constructor(private readonly options: PolicySnapshotsOptions) {
    options.lease.onLapse?.(() => {
      this.invalidate();
    });
  }

  /** The grants of these principals (lower-case ids). Rejects with what the loads reject with; nothing is kept of those. */
  async grantsOf(principals: readonly string[]): Promise<Policy> {
    if (!this.options.lease.live()) {
      this.invalidate();
      return this.options.loadFor(principals);
    }
    const { revision, byPrincipal } = await (this.#current ??= this.#load());
    return { revision, grants: principals.flatMap((principal) => byPrincipal.get(principal) ?? []) };
  }

  /** Forgets the snapshot; call after every attempt to append to the policy log. */
  invalidate(): void {
    this.#current = undefined;
  }

  #load(): Promise<Snapshot> {
    const load = this.options.loadAll().then(toSnapshot);
    load.catch(() => {
      if (this.#current === load) this.#current = undefined;
    });
    return load;
  }
}

function toSnapshot({ revision, grants }: Policy): Snapshot {
  const byPrincipal = new Map<string, RoleGrant[]>();
  for (const grant of grants) {
    const principal = grant.principalId.toLowerCase();
    const known = byPrincipal.get(principal);
    if (known === undefined) byPrincipal.set(principal, [grant]);
    else known.push(grant);
  }
  return { revision, byPrincipal };
}
