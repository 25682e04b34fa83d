import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { CofferError, isCofferError, type ErrorCode, type ErrorDetails } from '@coffer/kernel';

/** What a Coffer error is called in gRPC. The code itself travels in a trailer: several share a status. */
export const statusOf: Readonly<Record<ErrorCode, status>> = {
  BadParameter: status.INVALID_ARGUMENT,
  BodyTooLarge: status.INVALID_ARGUMENT,
  UnsupportedMediaType: status.INVALID_ARGUMENT,
  MethodNotAllowed: status.UNIMPLEMENTED,
  RequestTimeout: status.DEADLINE_EXCEEDED,
  RouteNotFound: status.UNIMPLEMENTED,
  ApiVersionMissing: status.INVALID_ARGUMENT,
  ApiVersionInvalid: status.INVALID_ARGUMENT,
  Unauthenticated: status.UNAUTHENTICATED,
  AccessDenied: status.PERMISSION_DENIED,
  ForbiddenByRbac: status.PERMISSION_DENIED,
  AuthorizationFailed: status.PERMISSION_DENIED,
  KeyNotFound: status.NOT_FOUND,
  SecretNotFound: status.NOT_FOUND,
  ObjectDisabled: status.FAILED_PRECONDITION,
  KeyDisabled: status.FAILED_PRECONDITION,
  KeyNotYetValid: status.FAILED_PRECONDITION,
  KeyExpired: status.FAILED_PRECONDITION,
  KeyOperationForbidden: status.FAILED_PRECONDITION,
  ReleaseRefused: status.FAILED_PRECONDITION,
  StorageRetired: status.PERMISSION_DENIED,
  PurgeProtected: status.FAILED_PRECONDITION,
  ObjectIsDeletedButRecoverable: status.FAILED_PRECONDITION,
  ObjectIsBeingDeleted: status.FAILED_PRECONDITION,
  ObjectIsBeingRecovered: status.FAILED_PRECONDITION,
  Conflict: status.ABORTED,
  ResourceNotFound: status.NOT_FOUND,
  ResourceGroupNotFound: status.NOT_FOUND,
  SubscriptionNotFound: status.NOT_FOUND,
  VaultAlreadyExists: status.ALREADY_EXISTS,
  VaultDeletedStateConflict: status.FAILED_PRECONDITION,
  SoftDeletedVaultDoesNotExist: status.NOT_FOUND,
  VaultNameNotValid: status.INVALID_ARGUMENT,
  ArmBadRequest: status.INVALID_ARGUMENT,
  PrincipalNotFound: status.NOT_FOUND,
  RoleAssignmentNotFound: status.NOT_FOUND,
  RoleAssignmentExists: status.ALREADY_EXISTS,
  RoleDefinitionNotFound: status.NOT_FOUND,
  Throttled: status.RESOURCE_EXHAUSTED,
  ServiceUnavailable: status.UNAVAILABLE,
  Internal: status.INTERNAL,
};

const CODE = 'coffer-code';
const RETRY_AFTER = 'coffer-retry-after';
const CHALLENGE = 'coffer-challenge-bin';
/** Longest text that travels, in UTF-16 code units: trailers are small. */
const MAX_TEXT = 2_048;

/** A call's end as the library takes it from a method, and as Nest hands it on. */
export type FailedStatus = Pick<StatusObject, 'code' | 'details' | 'metadata'> & { readonly message: string };

/** The status of a failed call. Texts of errors that are not for callers stay here. */
export function toStatus(error: unknown): FailedStatus {
  const metadata = new Metadata();
  if (!isCofferError(error) || error.code === 'Internal') {
    return { code: status.INTERNAL, details: 'The service failed.', message: 'The service failed.', metadata };
  }
  metadata.set(CODE, error.code);
  const { retryAfterSeconds, challenge } = error.details;
  if (retryAfterSeconds !== undefined) metadata.set(RETRY_AFTER, String(retryAfterSeconds));
  if (challenge !== undefined) metadata.set(CHALLENGE, Buffer.from(challenge.slice(0, MAX_TEXT), 'utf8'));
  const text = error.message.slice(0, MAX_TEXT).toWellFormed(); // the library cannot write half a character
  return { code: statusOf[error.code], details: text, message: text, metadata };
}

const away: readonly status[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.RESOURCE_EXHAUSTED,
];

/** The same error on the caller's side; a peer that cannot be reached is ServiceUnavailable. The status is its cause. */
export function fromStatus(error: ServiceError, peer: string): CofferError {
  const code = error.metadata.get(CODE)[0];
  if (isCode(code)) return new CofferError(code, error.details, detailsOf(error.metadata), { cause: error });
  if (!away.includes(error.code)) {
    return new CofferError(
      'Internal',
      `The service ${peer} answered with ${status[error.code]}.`,
      {},
      { cause: error },
    );
  }
  const message = `The service ${peer} cannot be reached.`;
  return new CofferError('ServiceUnavailable', message, { retryAfterSeconds: 5 }, { cause: error });
}

function detailsOf(metadata: Metadata): ErrorDetails {
  const retryAfter = Number(metadata.get(RETRY_AFTER)[0] ?? Number.NaN);
  const challenge = metadata.get(CHALLENGE)[0];
  return {
    ...(Number.isNaN(retryAfter) ? {} : { retryAfterSeconds: retryAfter }),
    ...(challenge === undefined ? {} : { challenge: challenge.toString('utf8') }),
  };
}

/** A peer of another version may have codes that are not known here. */
function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(statusOf, code);
}
