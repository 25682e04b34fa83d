/** The caller, as an access token of an accepted issuer names it. */
export interface Principal {
  /** Object id (`oid`); access policies and role assignments refer to it. */
  readonly oid: string;
  /** Client id of the application (`appid` or `azp`). */
  readonly appid?: string;
  /** Tenant id (`tid`). */
  readonly tid: string;
  /** Object ids of the groups the caller is in. */
  readonly groups: readonly string[];
  readonly issuer: string;
  /** True for an on-behalf-of token (a user's token that an application obtained): `applicationId` policies apply only then. */
  readonly onBehalfOf: boolean;
}
