import { ConcurrencyConflict } from '@coffer/event-sourcing';
import { CofferError, isCofferError } from '@coffer/kernel';

/** Of the operating system: the server, its socket or the way to it is gone. */
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/**
 * SQLSTATE (PostgreSQL, appendix A): connection exceptions (08), insufficient resources, a full disk among them (53), operator
 * intervention (57P, and a cancelled statement), I/O (58), a transaction ended for its time (25P), a standby that took over (25006).
 */
const UNAVAILABLE = /^(08...|53...|57P0.|57014|58...|25P0[34]|25006)$/;
/** Serialization failure, deadlock, lock not available: another writer was in the way. */
const RACES = /^(40001|40P01|55P03)$/;
/** What `pg` says without a code. */
const MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Cannot use a pool after calling end|Client was closed)/;
/** A prepared statement whose result changed under it: a migration ran meanwhile. A new connection prepares it anew. */
const STALE_PLAN = 'cached plan must not change result type';

/** True for faults that pass: the same work may succeed later. For `ProcessorOptions.isTransient`. */
export function isTransient(error: unknown): boolean {
  if (isCofferError(error)) return error.code === 'ServiceUnavailable';
  return error instanceof ConcurrencyConflict || isUnavailable(error) || isRace(error);
}

/** True when the server, or the connection to it, failed; whether the statement took effect is then unknown. */
export function isUnavailable(error: unknown): boolean {
  const { code, message } = shapeOf(error);
  if (code === '' || code === '0A000') return MESSAGES.test(message) || message === STALE_PLAN;
  return SYSTEM_CODES.has(code) || UNAVAILABLE.test(code);
}

/** A fault of the server as ServiceUnavailable; other errors unchanged. */
export function surfaced(error: unknown): unknown {
  if (!isUnavailable(error) || isCofferError(error)) return error;
  return new CofferError(
    'ServiceUnavailable',
    'The service is temporarily unavailable. Please retry.',
    { retryAfterSeconds: 1 },
    { cause: error },
  );
}

/** True when another transaction was in the way: the same work may succeed at once. */
export function isRace(error: unknown): boolean {
  return RACES.test(codeOf(error));
}

/** True when another writer was first: a unique violation, a serialization failure or a deadlock. */
export function isConflict(error: unknown): boolean {
  return codeOf(error) === '23505' || isRace(error);
}

function codeOf(error: unknown): string {
  return shapeOf(error).code;
}

/** By shape, not by prototype: errors of sockets may come from another realm. */
function shapeOf(error: unknown): { readonly code: string; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { code: '', message: '' };
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' };
}
