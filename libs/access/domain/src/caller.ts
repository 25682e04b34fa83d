/** The part of a signed-in principal that a decision depends on. */
export interface Caller {
  readonly oid: string;
  readonly appid?: string;
  readonly tid: string;
  /** Object ids of the groups the caller is in. */
  readonly groups: readonly string[];
  /** True for a user's token that an application obtained. */
  readonly onBehalfOf: boolean;
}
