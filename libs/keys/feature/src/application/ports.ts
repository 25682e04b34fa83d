import type { AttestationVerifier, CryptoProvider, Lease, Sealer } from '@coffer/contracts';
import type { Database, EventStore } from '@coffer/event-sourcing';
import type { Clock } from '@coffer/kernel';
import type { Pager } from '@coffer/wire';

/** What the keys feature needs from the app that composes it. */
export interface KeysPorts {
  /** The crypto gateway's database: event store, material and the read models of this feature. */
  readonly database: Database;
  readonly store: EventStore;
  readonly sealer: Sealer;
  /** Seals backups: with KEKs of their own, which outlive the vaults. */
  readonly backups: Sealer;
  readonly provider: CryptoProvider;
  /** Verifies the environments that keys are released to. */
  readonly attestation: AttestationVerifier;
  readonly pager: Pager;
  readonly lease: Lease;
  readonly clock: Clock;
  /** Named in the events that the service appends by itself. */
  readonly region: string;
}
