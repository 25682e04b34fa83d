import { systemErrorCode } from '@coffer/kernel';

/** Why the embedded server cannot run; every reason has a message that tells the operator what to do. */
export type EmbeddedPostgresReason =
  | 'unsupported-platform'
  | 'no-space'
  | 'wrong-owner'
  | 'not-accessible'
  | 'no-passwd-entry'
  | 'socket-path-too-long'
  | 'not-a-data-directory'
  | 'other-major-version'
  | 'already-running'
  | 'previous-server-ending'
  | 'initdb-failed'
  | 'start-failed';

/** The expected failures of the launcher. `message` is for the operator and holds no secret. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';

  constructor(
    readonly reason: EmbeddedPostgresReason,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A member of an unknown error, when it is text. */
export function textMember(error: unknown, member: 'stderr' | 'message'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value = (error as Partial<Record<typeof member, unknown>>)[member];
  return typeof value === 'string' ? value : undefined;
}

/** Turns a file system error on `path` into the launcher's error; any other error is returned as it is. */
export function fileError(error: unknown, path: string): unknown {
  switch (systemErrorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new EmbeddedPostgresError('no-space', `No space left on the disk of ${path}: free some and start again.`, {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
      return new EmbeddedPostgresError(
        'not-accessible',
        `Cannot use ${path} (${String(systemErrorCode(error))}): choose a data directory that the current user can write.`,
        { cause: error },
      );
    default:
      return error;
  }
}
