import { deferred } from '@coffer/kernel';
import { createLogger, type Logger } from '@coffer/nest/logging';
import { ConfigError, helpText, loadConfig } from './config/load.js';
import type { Config } from './config/schema.js';
import { Closing } from './closing.js';

export interface Program {
  readonly name: string;
  /** First lines of `--help`. */
  readonly usage: string;
  /** Starts; registers with `closing` whatever must be undone, also when it throws half-way. `stop` asks for the end. */
  readonly start: (context: ProgramContext) => Promise<void>;
}

export interface ProgramContext {
  readonly config: Config;
  readonly log: Logger;
  readonly closing: Closing;
  readonly stop: (error: Error) => void;
}

/** Runs a service until SIGINT or SIGTERM, then drains and ends with 0. Ends with 2 for a bad configuration, 1 for any other failure. */
export async function runProgram(program: Program): Promise<void> {
  const config = readConfig(program);
  if (config === undefined) return;
  const log = createLogger(config.logLevel, program.name);
  endOnFaults(log);
  const closing = new Closing();
  const { promise: end, resolve: stop } = deferred<Error | undefined>();
  onSignals(() => {
    stop(undefined);
  });
  const starting = program.start({ config, log, closing, stop }).catch((error: unknown) => {
    stop(error instanceof Error ? error : new Error(String(error)));
  });
  const failure = await end;
  if (failure !== undefined) explain(failure, log);
  // What a start is still making must be registered before it can be undone.
  await starting;
  await close(closing, log);
  process.exit();
}

/**
 * Ends the process at once on a fault that nobody handles: what it holds in memory can no longer be trusted, while a crash
 * is recovered from. Node would do so, too, but print the error with whatever a driver hangs on it.
 */
function endOnFaults(log: Logger): void {
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fault, (err: unknown) => {
      // What the log itself throws must not come here again.
      process.removeAllListeners(fault);
      log.fatal({ err, fault }, 'a fault that nobody handled ends the process');
      process.exit(1);
    });
  }
}

function onSignals(stop: () => void): void {
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal does not wait.
      if (asked) process.exit(1);
      asked = true;
      stop();
    });
  }
}

async function close(closing: Closing, log: Logger): Promise<void> {
  try {
    await closing.close();
  } catch (err) {
    log.error({ err }, 'the stop was not clean');
    process.exitCode = 1;
  }
}

function readConfig(program: Program): Config | undefined {
  try {
    const { config, help } = loadConfig(process.argv.slice(2), process.env);
    if (!help) return config;
    process.stdout.write(helpText(program.usage));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
  return undefined;
}

/** Says what is wrong in one line where the cause is known, with its place where it is not. */
function explain(error: Error, log: Logger): void {
  process.exitCode = 1;
  if (system(error) === 'EADDRINUSE') {
    process.stderr.write('The port is in use: stop what listens there, or choose another one with --port.\n');
  } else if (error.name === 'Error' && system(error) === undefined) {
    log.fatal({ err: error }, 'the start failed');
    process.stderr.write(`${error.message}\n`);
  } else {
    process.stderr.write(`${error.message}\n`);
  }
}

function system(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}
