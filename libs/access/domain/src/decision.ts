/** What was decided and why; the caller adds the revision of the policy it was decided on. */
export interface AccessDecision {
  readonly effect: 'allow' | 'deny';
  /** One word that the audit record keeps. */
  readonly reason:
    'AccessPolicy' | 'RoleAssignment' | 'NoMatchingPolicy' | 'DeniedWithNoValidRBAC' | 'NoMatchingAssignment';
}

export const allowedByPolicy: AccessDecision = { effect: 'allow', reason: 'AccessPolicy' };
export const allowedByRole: AccessDecision = { effect: 'allow', reason: 'RoleAssignment' };
export const noMatchingPolicy: AccessDecision = { effect: 'deny', reason: 'NoMatchingPolicy' };
export const noMatchingAssignment: AccessDecision = { effect: 'deny', reason: 'NoMatchingAssignment' };
export const noValidRbac: AccessDecision = { effect: 'deny', reason: 'DeniedWithNoValidRBAC' };
