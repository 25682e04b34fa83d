import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { CofferError, type ErrorCode } from '@coffer/kernel';

/** What a Coffer error is called in gRPC; anything else is INTERNAL. The code itself travels in a trailer. */
const statuses: Readonly<Partial<Record<ErrorCode, status>>> = {
  BadParameter: status.INVALID_ARGUMENT,
  ArmBadRequest: status.INVALID_ARGUMENT,
  AccessDenied: status.PERMISSION_DENIED,
  AuthorizationFailed: status.PERMISSION_DENIED,
  Unauthenticated: status.UNAUTHENTICATED,
  KeyNotFound: status.NOT_FOUND,
  ResourceNotFound: status.NOT_FOUND,
  Conflict: status.ABORTED,
  Throttled: status.RESOURCE_EXHAUSTED,
  ServiceUnavailable: status.UNAVAILABLE,
};

const CODE = 'coffer-code';
const RETRY_AFTER = 'coffer-retry-after';

/** The status of a failed call. Texts of errors that are not for callers stay here. */
export function toStatus(error: unknown): Pick<StatusObject, 'code' | 'details' | 'metadata'> & { message: string } {
  const metadata = new Metadata();
  if (!(error instanceof CofferError) || error.code === 'Internal') {
    return { code: status.INTERNAL, details: 'The service failed.', message: 'The service failed.', metadata };
  }
  metadata.set(CODE, error.code);
  const { retryAfterSeconds } = error.details;
  if (retryAfterSeconds !== undefined) metadata.set(RETRY_AFTER, String(retryAfterSeconds));
  return {
    code: statuses[error.code] ?? status.FAILED_PRECONDITION,
    details: error.message,
    message: error.message,
    metadata,
  };
}

/** The same error on the caller's side; a peer that cannot be reached is ServiceUnavailable. */
export function fromStatus(error: ServiceError, peer: string): CofferError {
  const code = error.metadata.get(CODE)[0];
  if (typeof code === 'string') {
    const retryAfter = Number(error.metadata.get(RETRY_AFTER)[0] ?? Number.NaN);
    const details = Number.isNaN(retryAfter) ? {} : { retryAfterSeconds: retryAfter };
    return new CofferError(code as ErrorCode, error.details, details);
  }
  const away = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.RESOURCE_EXHAUSTED];
  const made = away.includes(error.code)
    ? new CofferError('ServiceUnavailable', `The service ${peer} cannot be reached.`, { retryAfterSeconds: 5 })
    : new CofferError('Internal', `The service ${peer} answered with ${status[error.code]}.`);
  made.cause = error;
  return made;
}
