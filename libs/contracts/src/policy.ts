import type { Principal } from '@coffer/wire';
import type { Decision } from './authorizer.js';
import type { LeaseCall, LeaseStream, NumberedChange, VaultChange } from './lease-stream.js';
import type { VaultDirectory } from './vault-directory.js';

/** A role given to a principal at a scope and everything below it. */
export interface PolicyGrant {
  readonly principalId: string;
  /** GUID, lower case. */
  readonly roleDefinitionId: string;
  readonly scope: string;
}

/** Every grant at one revision: the `vaultSeq` of the last event of the policy log that it contains. */
export interface PolicySnapshot {
  readonly revision: number;
  readonly grants: readonly PolicyGrant[];
}

/** The policy has changed: the next decision needs a new snapshot. */
export type PolicyChange = NumberedChange;

/** A refusal that wants a second opinion. */
export interface PolicyQuestion {
  readonly principal: Principal;
  readonly action: string;
  readonly scope: string;
  /** The revision on which the caller would refuse; 0 when it has none. */
  readonly deniedAtRevision: number;
}

/** What the policy engine does for services that decide by themselves (policy.proto). Every method throws ServiceUnavailable. */
interface PolicyAnswers {
  snapshot(): Promise<PolicySnapshot>;
  /** Decided on what the database holds now. */
  confirm(question: PolicyQuestion): Promise<Decision>;
  /** Resolves when every unexpired lease has acknowledged the revision, which must be committed. */
  awaitEnforced(revision: number): Promise<void>;
}

/** The policy engine, as its own process offers it to transports. */
export interface PolicyOwner extends PolicyAnswers {
  /** Serves one lease stream; resolves when the holder ends it. Throws ServiceUnavailable when this instance has no lease to give. */
  lease(call: LeaseCall<PolicyChange>): Promise<void>;
}

/** The policy engine, as other processes reach it. */
export interface PolicySource extends PolicyAnswers {
  lease(): LeaseStream<PolicyChange>;
}

type VaultAnswers = Pick<VaultDirectory, 'byName' | 'byId'>;

/** Vault management's directory, as its own process offers it to transports; it answers from the database, never from memory. */
export interface VaultDirectoryOwner extends VaultAnswers {
  lease(call: LeaseCall<VaultChange>): Promise<void>;
}

/** Vault management's directory, as other processes reach it: every look-up is a call. */
export interface VaultDirectorySource extends VaultAnswers {
  lease(): LeaseStream<VaultChange>;
}
