/**
 * The one error type of the system. `code` names what went wrong in the domain's words; the table in
 * `@coffer/wire` (error-map.ts) alone decides which HTTP status and Azure body a code becomes.
 * `message` is written for the caller: never put a secret value, a token or an internal detail into it.
 */
export type ErrorCode =
  // request shape
  | 'BadParameter'
  | 'BodyTooLarge'
  | 'UnsupportedMediaType'
  | 'MethodNotAllowed'
  | 'RequestTimeout'
  | 'RouteNotFound'
  | 'ApiVersionMissing'
  | 'ApiVersionInvalid'
  // who and whether
  | 'Unauthenticated'
  | 'AccessDenied'
  | 'ForbiddenByRbac'
  | 'AuthorizationFailed'
  // objects
  | 'KeyNotFound'
  | 'SecretNotFound'
  | 'ObjectDisabled'
  | 'KeyDisabled'
  | 'KeyNotYetValid'
  | 'KeyExpired'
  | 'KeyOperationForbidden'
  | 'ReleaseRefused'
  | 'PurgeProtected'
  | 'StorageRetired'
  | 'ObjectIsDeletedButRecoverable'
  | 'ObjectIsBeingDeleted'
  | 'ObjectIsBeingRecovered'
  | 'Conflict'
  // management plane
  | 'ResourceNotFound'
  | 'ResourceGroupNotFound'
  | 'SubscriptionNotFound'
  | 'VaultAlreadyExists'
  | 'VaultDeletedStateConflict'
  | 'SoftDeletedVaultDoesNotExist'
  | 'VaultNameNotValid'
  | 'ArmBadRequest'
  | 'PrincipalNotFound'
  | 'RoleAssignmentNotFound'
  | 'RoleAssignmentExists'
  | 'RoleDefinitionNotFound'
  // capacity and faults
  | 'Throttled'
  | 'ServiceUnavailable'
  | 'Internal';

/** Extra facts for the error's wire form; every member is optional and safe to show to the caller. */
export interface ErrorDetails {
  /** Seconds for a `Retry-After` header. */
  readonly retryAfterSeconds?: number;
  /** `WWW-Authenticate` header value of a 401. */
  readonly challenge?: string;
  /** Methods of the `Allow` header of a 405. */
  readonly allow?: readonly string[];
}

export class CofferError extends Error {
  override readonly name = 'CofferError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** True for a CofferError, also one of another copy of this package (checked by shape, not by prototype). */
export function isCofferError(error: unknown, code?: ErrorCode): error is CofferError {
  if (!(error instanceof Error) || error.name !== 'CofferError') return false;
  return code === undefined || (error as CofferError).code === code;
}

/** Ends an exhaustive switch: a new union member that is not handled becomes a compile error. */
export function assertNever(value: never): never {
  throw new CofferError('Internal', `unhandled case: ${JSON.stringify(value)}`);
}
