import { Worker } from 'node:worker_threads';
import { CofferError } from '@coffer/kernel';
import type { Answer, Command, Operation, PooledKey, ThreadSettings } from './protocol.js';

/** A request on its way through the pool. */
export interface Task {
  readonly operation: Operation;
  /** The key that the operation names, if any. */
  readonly key: PooledKey | undefined;
  readonly resolve: (value: Answer['value']) => void;
  readonly reject: (error: CofferError) => void;
}

export interface ThreadEvents {
  /** Some requests are answered. */
  readonly onAnswers: () => void;
  /** The thread has ended, whatever the cause; its requests have been rejected. */
  readonly onEnd: () => void;
}

/** One worker thread: what it was asked and has not answered, and which keys it holds. */
export class Thread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Task>();
  /** Ids of the keys in the worker, the longest unused first. */
  readonly #keys = new Set<number>();
  #outbox: Command[] = [];
  /** Buffers that move to the worker with the outbox, leaving nothing here. */
  readonly #transfer: ArrayBuffer[] = [];
  #seq = 0;

  constructor(
    script: URL,
    settings: ThreadSettings,
    private readonly maxKeys: number,
    private readonly events: ThreadEvents,
  ) {
    this.#worker = new Worker(script, { execArgv: [], workerData: settings });
    this.#worker.unref();
    this.#worker.on('message', (answers: Answer[]) => {
      this.#onAnswers(answers);
    });
    this.#worker.on('error', () => undefined); // 'exit' follows
    this.#worker.on('exit', () => {
      this.#onExit();
    });
  }

  get load(): number {
    return this.#waiting.size;
  }

  /** Takes a request; it leaves with the next `flush`. */
  add(task: Task): void {
    // Only a thread with work keeps the process alive.
    if (this.#waiting.size === 0) this.#worker.ref();
    if (task.key !== undefined) this.#provide(task.key);
    this.#seq += 1;
    this.#waiting.set(this.#seq, task);
    this.#outbox.push({ ...task.operation, seq: this.#seq });
    if (task.key?.released === true) this.drop(task.key.id);
  }

  /** Sends what was collected since the last time as one message. */
  flush(): void {
    if (this.#outbox.length === 0) return;
    const commands = this.#outbox;
    this.#outbox = [];
    this.#worker.postMessage(commands, this.#transfer.splice(0));
  }

  /** Makes the worker forget a key, after the requests it got before. */
  drop(keyId: number): void {
    if (this.#keys.delete(keyId)) this.#outbox.push({ op: 'drop', id: keyId });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #provide(key: PooledKey): void {
    if (this.#keys.delete(key.id)) {
      this.#keys.add(key.id);
      return;
    }
    if (this.#keys.size >= this.maxKeys) {
      const [oldest] = this.#keys;
      if (oldest !== undefined) this.drop(oldest);
    }
    this.#keys.add(key.id);
    const der = derOf(key);
    this.#transfer.push(der.buffer);
    this.#outbox.push({ op: 'key', id: key.id, der });
  }

  #onAnswers(answers: readonly Answer[]): void {
    for (const { seq, value } of answers) {
      const task = this.#waiting.get(seq);
      this.#waiting.delete(seq);
      task?.resolve(value);
    }
    if (this.#waiting.size === 0) this.#worker.unref();
    this.events.onAnswers();
  }

  #onExit(): void {
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) {
      reject(new CofferError('ServiceUnavailable', 'The cryptographic operation was interrupted. Please retry.'));
    }
    this.events.onEnd();
  }
}

/**
 * PKCS#8 DER in a buffer of its own. Each worker imports a key for itself: threads that share one key object wait for each
 * other inside OpenSSL, which costs a tenth of the signatures of two cores.
 */
function derOf(key: PooledKey): Uint8Array<ArrayBuffer> {
  const exported = key.privateKey.export({ type: 'pkcs8', format: 'der' });
  const der = new Uint8Array(exported);
  exported.fill(0);
  return der;
}
