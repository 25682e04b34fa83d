import type { NoteKey } from '@coffer/audit-domain';
import type { AuditPorts } from './ports.js';
import { growTree } from './grow-tree.js';
import { publishHead, REPEAT_MS } from './publish-head.js';
import { hasWork } from '../postgres/tree.js';

/** Between two looks for records that another instance has sequenced. */
const LOOK_EVERY_MS = 250;

/** Grows the tree over the log and publishes its signed heads, for as long as it runs. Any number of instances may. */
export class TreeKeeper {
  #running: Promise<void> | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(
    private readonly ports: Pick<AuditPorts, 'database' | 'clock' | 'onTreeFault' | 'treeMayWait'>,
    private readonly signer: NoteKey,
  ) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the running step has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  onApplicationBootstrap(): void {
    this.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.stop();
  }

  /** Takes everything that is sequenced into the tree, and publishes its head. */
  async step(): Promise<void> {
    const { database, clock } = this.ports;
    while (((await database.transaction(growTree)) ?? 0) > 0);
    await database.transaction((client) => publishHead(client, this.signer, clock.now()));
  }

  async #run(): Promise<void> {
    const { database, clock, treeMayWait } = this.ports;
    for (let lookedAt = clock.monotonic(); !this.#stopped;) {
      try {
        if (treeMayWait?.(clock.monotonic() - lookedAt) === true) {
          await this.#pause();
          continue;
        }
        lookedAt = clock.monotonic();
        if (await hasWork(database, clock.now() - REPEAT_MS)) await this.step();
      } catch (error) {
        this.ports.onTreeFault(error);
      }
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopped) this.#wake();
    });
  }
}
