import { CofferError, isCofferError, type ErrorCode } from '@coffer/kernel';
import type { PublicHost } from './operation.js';

interface WireError {
  readonly status: number;
  readonly code: string;
  /** `innererror.code`, data plane only. */
  readonly inner?: string;
}

/** The one table from error code to HTTP status and Azure error code (azure-api d.1, b.7). */
export const errorTable: Readonly<Record<ErrorCode, WireError>> = {
  BadParameter: { status: 400, code: 'BadParameter' },
  BodyTooLarge: { status: 413, code: 'RequestEntityTooLarge' },
  UnsupportedMediaType: { status: 415, code: 'UnsupportedMediaType' },
  MethodNotAllowed: { status: 405, code: 'MethodNotAllowed' },
  RequestTimeout: { status: 408, code: 'RequestTimeout' },
  RouteNotFound: { status: 404, code: 'NotFound' },
  ApiVersionMissing: { status: 400, code: 'BadParameter' },
  ApiVersionInvalid: { status: 400, code: 'BadParameter' },
  Unauthenticated: { status: 401, code: 'Unauthorized' },
  AccessDenied: { status: 403, code: 'Forbidden', inner: 'AccessDenied' },
  ForbiddenByRbac: { status: 403, code: 'Forbidden', inner: 'ForbiddenByRbac' },
  AuthorizationFailed: { status: 403, code: 'AuthorizationFailed' },
  KeyNotFound: { status: 404, code: 'KeyNotFound' },
  SecretNotFound: { status: 404, code: 'SecretNotFound' },
  ObjectDisabled: { status: 403, code: 'Forbidden', inner: 'SecretDisabled' },
  KeyDisabled: { status: 403, code: 'Forbidden', inner: 'KeyDisabled' },
  KeyNotYetValid: { status: 403, code: 'Forbidden', inner: 'KeyNotYetValid' },
  KeyExpired: { status: 403, code: 'Forbidden', inner: 'KeyExpired' },
  KeyOperationForbidden: { status: 403, code: 'Forbidden', inner: 'KeyOperationForbidden' },
  ReleaseRefused: { status: 403, code: 'Forbidden' },
  StorageRetired: { status: 403, code: 'Forbidden', inner: 'FeatureRetired' },
  PurgeProtected: { status: 403, code: 'Forbidden' },
  ObjectIsDeletedButRecoverable: { status: 409, code: 'Conflict', inner: 'ObjectIsDeletedButRecoverable' },
  ObjectIsBeingDeleted: { status: 409, code: 'Conflict', inner: 'ObjectIsBeingDeleted' },
  ObjectIsBeingRecovered: { status: 409, code: 'Conflict', inner: 'ObjectIsBeingRecovered' },
  Conflict: { status: 409, code: 'Conflict' },
  ResourceNotFound: { status: 404, code: 'ResourceNotFound' },
  ResourceGroupNotFound: { status: 404, code: 'ResourceGroupNotFound' },
  SubscriptionNotFound: { status: 404, code: 'SubscriptionNotFound' },
  VaultAlreadyExists: { status: 409, code: 'VaultAlreadyExists' },
  VaultDeletedStateConflict: { status: 409, code: 'ConflictError' },
  SoftDeletedVaultDoesNotExist: { status: 404, code: 'SoftDeletedVaultDoesNotExist' },
  VaultNameNotValid: { status: 400, code: 'VaultNameNotValid' },
  ArmBadRequest: { status: 400, code: 'BadRequest' },
  PrincipalNotFound: { status: 404, code: 'Request_ResourceNotFound' },
  RoleAssignmentNotFound: { status: 404, code: 'RoleAssignmentNotFound' },
  RoleAssignmentExists: { status: 409, code: 'RoleAssignmentExists' },
  RoleDefinitionNotFound: { status: 404, code: 'RoleDefinitionDoesNotExist' },
  Throttled: { status: 429, code: 'Throttled' },
  ServiceUnavailable: { status: 503, code: 'ServiceUnavailable' },
  Internal: { status: 500, code: 'InternalServerError' },
};

/** ARM, sign-in and audit hosts word some codes differently from the data plane (azure-api b.7). */
const managementWords: Readonly<Partial<Record<ErrorCode, string>>> = {
  Unauthenticated: 'InvalidAuthenticationToken',
  ApiVersionMissing: 'MissingApiVersionParameter',
  ApiVersionInvalid: 'InvalidApiVersionParameter',
  BadParameter: 'BadRequest',
  AccessDenied: 'AuthorizationFailed',
  Throttled: 'TooManyRequests',
};

export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: {
      readonly code: string;
      readonly message: string;
      readonly innererror?: { readonly code: string };
    };
  };
}

/**
 * Any thrown value as a response. What is not a CofferError, or has a code that the table lacks, becomes a 500 that tells nothing: its message may hold
 * internals, so it goes to the operator's log only.
 */
export function toErrorResponse(error: unknown, host: PublicHost): ErrorResponse {
  const known =
    isCofferError(error) && Object.hasOwn(errorTable, error.code)
      ? error
      : new CofferError('Internal', 'An internal error has occurred.');
  const entry = errorTable[known.code];
  const code = host === 'vault' ? entry.code : (managementWords[known.code] ?? entry.code);
  const inner = host === 'vault' ? entry.inner : undefined;
  const { retryAfterSeconds, challenge, allow } = known.details;
  const message = known.code === 'Internal' ? 'An internal error has occurred.' : known.message;
  return {
    status: entry.status,
    headers: {
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
      ...(allow === undefined ? {} : { allow: allow.join(', ') }),
      ...(host === 'management' && entry.status >= 400 ? { 'x-ms-failure-cause': 'gateway' } : {}),
    },
    body: { error: { code, message, ...(inner === undefined ? {} : { innererror: { code: inner } }) } },
  };
}
