import type { Access, Principal, VaultSnapshot } from '@coffer/wire';

export interface Decision {
  readonly effect: 'allow' | 'deny';
  /** Why, in a word that the audit record keeps: `AccessPolicy`, `RoleAssignment`, `NoMatchingPolicy`, … */
  readonly reason: string;
  /** The policy revision it was made on. */
  readonly revision: string;
}

/** The policy decision point: local, no I/O on the hot path. */
export interface Authorizer {
  /** May the principal do this in the vault? */
  inVault(principal: Principal, access: Extract<Access, { plane: 'data' }>, vault: VaultSnapshot): Decision;
  /** May the principal do this ARM or audit action at the scope (an ARM id prefix, `/` for everything)? */
  atScope(principal: Principal, action: string, scope: string): Promise<Decision>;
}
