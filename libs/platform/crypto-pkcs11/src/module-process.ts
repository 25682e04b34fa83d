import { fork, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CofferError } from '@coffer/kernel';
import type { Failure, Made, Opening, Reply, Task } from './protocol.js';
import type { RefusedPin } from './refused-pin.js';

export interface ModuleProcessOptions {
  /** Path of the module's library. */
  readonly module: string;
  /** Label of the token. */
  readonly token: string;
  /** File with the user's PIN; a line end is no part of it. */
  readonly pinFile: string;
  /** Longest that the module may take for one task, milliseconds; then its process is ended. */
  readonly deadlineMs: number;
  /** Tasks that may wait, for twice the deadline; others are refused as Throttled. */
  readonly maxPending: number;
  /** Shared by the processes of one token. */
  readonly refusedPin: RefusedPin;
  /** Bytes of memory that a process may take on before another one takes its place. Default: 256 MiB. */
  readonly maxGrowth?: number;
  readonly onState: (state: ModuleState) => void;
  /** What runs as the process; the one that `tsc -b` has made. */
  readonly script?: string;
}

/** `reason` is the module's name for what happened, or how the process ended. */
export type ModuleState =
  { readonly state: 'ready'; readonly pid: number | undefined } | { readonly state: 'lost'; readonly reason: string };

/** What a task came to, when it was not the fault of the process. */
export type Outcome =
  | { readonly value: Uint8Array | Made | undefined }
  | { readonly failure: Exclude<Failure, 'lost' | 'pin'>; readonly code: string };

/** The same from src/ and from dist/. */
const SCRIPT = fileURLToPath(new URL('../dist/child/main.js', import.meta.url));
const OPEN_MS = 20_000;
const RETIRE_MS = 2_000;
const MAX_BACK_OFF_MS = 10_000;
/** The binding keeps parameters of GCM, some hundred bytes a time; vendors' libraries may keep more. */
const MAX_GROWTH = 256 * 1024 * 1024;

/**
 * A module in a process of its own, which does one task at a time. It starts with the first task, and again after it was lost:
 * when it ended, took too long, or said that it is of no more use. Between starts that fail, a pause grows to 10 s.
 */
export class ModuleProcess {
  #child: ChildProcess | undefined;
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();
  #failures = 0;
  #mayStartAt = 0;
  /** What was said of it last. */
  #said: ModuleState['state'] | undefined;
  #closed = false;

  constructor(private readonly options: ModuleProcessOptions) {}

  /** Throws Throttled, ServiceUnavailable. */
  async run(task: Task): Promise<Outcome> {
    if (this.#pending >= this.options.maxPending) throw throttled();
    this.#pending += 1;
    const since = performance.now();
    const turn = this.#last.then(() => {
      // One before may have hung; more than that must not add up.
      if (performance.now() - since > 2 * this.options.deadlineMs) throw throttled();
      return this.#perform(task);
    });
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#pending -= 1;
    }
  }

  /** Starts it, so that the first task need not wait; what goes wrong is said and tried again by tasks. */
  async warm(): Promise<void> {
    this.#last = this.#last.then(() => this.#ready()).catch(() => undefined);
    await this.#last;
  }

  /** Tells a process that runs, and starts none. */
  forget(id: number): void {
    const task: Task = { op: 'forget', id };
    this.#last = this.#last
      .then(() => (this.#child === undefined ? undefined : this.#perform(task)))
      .catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), RETIRE_MS);
    await ended;
    clearTimeout(timer);
  }

  async #perform(task: Task): Promise<Outcome> {
    const child = await this.#ready();
    const reply = await ask(child, task, this.options.deadlineMs);
    if (reply.worn === true) this.#retire(child);
    if ('value' in reply) {
      this.#failures = 0;
      return reply;
    }
    const { failure, code } = reply;
    if (failure !== 'lost' && failure !== 'pin') return { failure, code };
    this.#lose(child, code);
    throw this.#unavailable();
  }

  /** After the first failure there is no pause: it may have been the moment's. */
  async #ready(): Promise<ChildProcess> {
    const first = this.#failures === 0;
    try {
      return this.#child ?? (await this.#start());
    } catch (error) {
      if (!first || this.#closed) throw error;
      return this.#start();
    }
  }

  async #start(): Promise<ChildProcess> {
    this.#assertOpen();
    if (performance.now() < this.#mayStartAt) throw this.#unavailable();
    const pin = await this.#pin();
    this.#assertOpen();
    const child = fork(this.options.script ?? SCRIPT, {
      execArgv: [],
      env: environment(),
      serialization: 'advanced',
      // What a vendor's library prints may be anything.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child = child;
    child.on('error', () => undefined); // its exit follows, or no answer comes
    child.once('exit', (code, signal) => {
      this.#lose(child, signal ?? `exit ${code ?? ''}`);
    });
    const { module, token, maxGrowth = MAX_GROWTH } = this.options;
    const opening: Opening = { module, token, pin, maxGrowth };
    const reply = await ask(child, opening, OPEN_MS);
    if ('failure' in reply) {
      if (reply.failure === 'pin') this.options.refusedPin.remember(pin);
      this.#lose(child, reply.code);
    }
    pin.fill(0);
    if (this.#child !== child) throw this.#unavailable();
    this.options.refusedPin.forget();
    this.#say({ state: 'ready', pid: child.pid });
    return child;
  }

  #assertOpen(): void {
    if (this.#closed) throw new CofferError('ServiceUnavailable', 'The service is shutting down.');
  }

  async #pin(): Promise<Buffer> {
    let pin: Buffer;
    try {
      pin = withoutLineEnd(await readFile(this.options.pinFile));
    } catch {
      this.#failed('the PIN file cannot be read');
      throw this.#unavailable();
    }
    if (this.options.refusedPin.is(pin)) throw this.#unavailable();
    return pin;
  }

  /** Ends by itself when it has put away what it has; the next task has another process. */
  #retire(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), RETIRE_MS);
    child.once('exit', () => {
      clearTimeout(timer);
    });
  }

  #lose(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    child.kill('SIGKILL');
    if (!this.#closed) this.#failed(reason);
  }

  /** The first failure after a success may be followed by a start at once. */
  #failed(reason: string): void {
    const pause = this.#failures === 0 ? 0 : Math.min(250 * 2 ** (this.#failures - 1), MAX_BACK_OFF_MS);
    this.#failures += 1;
    this.#mayStartAt = performance.now() + pause;
    this.#say({ state: 'lost', reason });
  }

  /** Once for an outage, however often a start is tried. */
  #say(state: ModuleState): void {
    if (this.#said === state.state) return;
    this.#said = state.state;
    this.options.onState(state);
  }

  #unavailable(): CofferError {
    const wait = Math.ceil((this.#mayStartAt - performance.now()) / 1000);
    return new CofferError('ServiceUnavailable', 'The hardware security module cannot be used now. Please retry.', {
      retryAfterSeconds: Math.max(1, wait),
    });
  }
}

/** The reply of the process, or that it gave none. */
function ask(child: ChildProcess, message: Opening | Task, deadlineMs: number): Promise<Reply> {
  return new Promise((resolve) => {
    const end = (reply: Reply): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(reply);
    };
    const onMessage = (reply: unknown): void => {
      end(reply as Reply);
    };
    const onExit = (): void => {
      end({ failure: 'lost', code: 'the process ended' });
    };
    const timer = setTimeout(() => {
      end({ failure: 'lost', code: 'the deadline passed' });
    }, deadlineMs);
    child.once('message', onMessage);
    child.once('exit', onExit);
    child.send(message, (error) => {
      if (error !== null) end({ failure: 'lost', code: 'the process ended' });
    });
  });
}

/** Vendors' libraries find their configuration in variables; Coffer's own settings are none of their business. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(COFFER_|NODE_OPTIONS$)/.test(name)));
}

function withoutLineEnd(bytes: Buffer): Buffer {
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0;
  return bytes.subarray(0, bytes.length - end);
}

function throttled(): CofferError {
  const text = 'Request was not processed because too many requests were received. Please retry.';
  return new CofferError('Throttled', text, { retryAfterSeconds: 1 });
}
