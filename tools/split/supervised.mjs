import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** A process that says nothing of being ready and ran this long was not ended by its start. */
const HEALTHY_MS = 5_000;

/**
 * A process that is started again whenever it ends by itself, as an orchestrator would.
 *
 * @typedef {object} Options
 * @property {string} name
 * @property {string} command
 * @property {readonly string[]} args
 * @property {Record<string, string | undefined>} env
 * @property {RegExp} [ready] Line of its output that says that it works; without it, running is enough.
 * @property {(line: string) => void} onLine Every line of its output.
 * @property {(pid: number | undefined) => void} [onPid] Called at every start and end.
 * @property {NodeJS.Signals} [stopSignal]
 */
export class Supervised {
  #child;
  #stopping = false;
  #pause = FIRST_PAUSE_MS;
  #timer;
  #resolveReady;
  /** Resolves when the process has said that it is ready, for the first time. */
  ready = new Promise((resolve) => (this.#resolveReady = resolve));

  /** @param {Options} options */
  constructor(options) {
    this.options = options;
  }

  get pid() {
    return this.#child?.pid;
  }

  start() {
    const { name, command, args, env, ready, onLine, onPid } = this.options;
    const began = performance.now();
    let worked = false;
    const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    onPid?.(child.pid);
    if (ready === undefined) child.once('spawn', this.#resolveReady);
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        onLine(line);
        if (ready?.test(line) !== true) return;
        worked = true;
        this.#resolveReady();
      });
    }
    child.once('error', (error) => onLine(`${name}: ${error.message}`));
    child.once('close', (code, signal) => {
      this.#child = undefined;
      onPid?.(undefined);
      if (this.#stopping) return;
      worked ||= ready === undefined && performance.now() - began > HEALTHY_MS;
      this.#pause = worked ? FIRST_PAUSE_MS : Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
      onLine(`${name}: ended with ${signal ?? code}; starts again in ${this.#pause} ms`);
      this.#timer = setTimeout(() => this.start(), this.#pause);
    });
  }

  /** Ends it for good; resolves with its exit code (null after a signal, undefined when it did not run). */
  async stop() {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return undefined;
    const closed = once(child, 'close');
    child.kill(this.options.stopSignal ?? 'SIGTERM');
    return (await closed)[0];
  }
}
