export type PolicyObject = 'keys' | 'secrets' | 'certificates' | 'storage';

/** One access policy of a vault (azure-api b.2, AccessPolicyEntry). Ids and permission names compare case-insensitively. */
export interface PolicyEntry {
  readonly tenantId: string;
  /** A user, group or service principal; under AD FS a SID. */
  readonly objectId: string;
  /** Narrows the entry to on-behalf-of tokens of this application. */
  readonly applicationId?: string;
  readonly permissions: Readonly<Partial<Record<PolicyObject, readonly string[]>>>;
}

/** What the decision needs to know of a vault. */
export interface VaultPolicy {
  readonly enableRbacAuthorization: boolean;
  readonly accessPolicies: readonly PolicyEntry[];
}

/** What an operation asks for: a permission on one kind of object. */
export interface PolicyPermission {
  readonly object: PolicyObject;
  readonly permission: string;
}

/** The permission that `all` does not stand for (azure-api c.3): destroying for good is granted by name or not at all. */
export const NOT_IN_ALL = 'purge';
