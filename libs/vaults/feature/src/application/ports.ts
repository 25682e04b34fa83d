import type { Lease } from '@coffer/contracts';
import type { Database, EventStore } from '@coffer/event-sourcing';
import type { Clock } from '@coffer/kernel';
import type { Hosts, Pager, Principal } from '@coffer/wire';

/** What vault management needs from the app that composes it. */
export interface VaultsPorts {
  /** Vault management's database: event store and the read models of this feature. */
  readonly database: Database;
  readonly store: EventStore;
  readonly pager: Pager;
  readonly lease: Lease;
  readonly clock: Clock;
  /** Region of the installation and the one location of its vaults, in comparison form. */
  readonly region: string;
  readonly tenantId: string;
  readonly hosts: Hosts;
  /** Authority of the sign-in, as `/metadata/endpoints` names it: `https://login.localhost:8443/adfs`. */
  readonly authority: string;
  /** Whether the caller may see a subscription in a list; absent: every caller sees all. */
  readonly canRead?: (principal: Principal, scope: string) => Promise<boolean>;
}
