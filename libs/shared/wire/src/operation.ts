export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD';

/** Which public host name an operation answers on; see hosts.ts. */
export type PublicHost = 'vault' | 'management' | 'login' | 'audit';

/** What a caller must be allowed to do. */
export type Access =
  /** Data plane of a vault: an access-policy permission, and the data action that RBAC vaults check instead. */
  | { readonly plane: 'data'; readonly object: DataObject; readonly permission: string; readonly dataAction: string }
  /** ARM: an action checked against role assignments at the scope of the path. */
  | { readonly plane: 'control'; readonly action: string }
  /** Reading the audit log. */
  | { readonly plane: 'audit'; readonly action: string }
  /** Any caller with a valid token; the handler shows only what the caller may see. */
  | { readonly plane: 'signed-in' }
  /** No token is asked for (sign-in, metadata). */
  | { readonly plane: 'anonymous' };

export type DataObject = 'keys' | 'secrets' | 'certificates' | 'storage';

/** One row of a service's public surface: the route, the permission and the audit name live together here and nowhere else. */
export interface Operation {
  readonly method: Method;
  readonly host: PublicHost;
  /** Route patterns in find-my-way syntax; the first is the canonical one. Matched without regard to case, `//` or a trailing `/`. */
  readonly paths: readonly string[];
  /** The minor number of the data-plane version 7.x that it came with; absent where every version has it. */
  readonly since?: number;
  readonly access: Access;
  /** Status of success. The SDKs insist on it exactly (sdk-contract, must-have 5). */
  readonly status: number;
  readonly body: 'none' | 'json' | 'form';
  /** Bytes that a body may have where the host's limit is too small. */
  readonly bodyLimit?: number;
}

/** A table of operations keyed by their audit `operationName` (azure-api e.2). */
export type OperationTable = Readonly<Record<string, Operation>>;
