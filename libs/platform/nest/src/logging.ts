import type { LoggerService } from '@nestjs/common';
import { isCofferError } from '@coffer/kernel';
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Deepest chain of causes that is written out. */
const MAX_CAUSES = 5;

/** JSON lines on standard error, one per event. Nothing of a request but its id and operation is ever logged. */
export function createLogger(level: LogLevel, program: string): Logger {
  const destination = pino.destination({ dest: 2, sync: true });
  return pino(
    { level, base: { program }, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } },
    destination,
  );
}

/** Class, code, message and place of an error and of its causes; never the fields a driver hangs on it (statements, parameters, details). */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error;
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    // A database quotes the values it refuses in its messages.
    ...(isDatabaseError(error) ? {} : { message: error.message }),
    ...(isCofferError(error) ? {} : { stack: places(error.stack) }),
    ...(error.cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

function isDatabaseError(error: Error): boolean {
  return 'severity' in error && 'routine' in error;
}

/** The frames of a stack without its first lines, which repeat the message. */
function places(stack: string | undefined): string[] {
  return (stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, 8);
}

/** Nest's own messages through the same logger; they are for developers, so information becomes debug. */
export function nestLogger(logger: Logger): LoggerService {
  const text = (message: unknown): string => (typeof message === 'string' ? message : 'see the error');
  return {
    log: (message: unknown) => {
      logger.debug(text(message));
    },
    error: (message: unknown) => {
      logger.error({ err: message instanceof Error ? message : undefined }, text(message));
    },
    warn: (message: unknown) => {
      logger.warn(text(message));
    },
    fatal: (message: unknown) => {
      logger.fatal({ err: message instanceof Error ? message : undefined }, text(message));
    },
  };
}
