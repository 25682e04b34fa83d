import { createHash, randomBytes } from 'node:crypto';
import https from 'node:https';
import type { RunningCoffer } from './coffer.js';
import { ask, type Answer, type Ask } from './https.js';

/** A write that was acknowledged: it must be found for ever. */
export interface AcknowledgedSecret {
  readonly name: string;
  readonly version: string;
  readonly value: string;
}

const VERSION = 'api-version=7.4';
const DIGEST = createHash('sha256').update('chaos').digest('base64url');

/** Mixed requests from several connections; remembers what was acknowledged, forgets what failed on the way. */
export class MixedLoad {
  readonly secrets: AcknowledgedSecret[] = [];
  /** `x-ms-request-id` of every request that was answered with success. */
  readonly acknowledged: string[] = [];
  /** Status → how often. */
  readonly statuses = new Map<number, number>();
  /** Connections that broke before an answer came. */
  broken = 0;
  #running: Promise<void>[] = [];
  #stopped = true;
  #sequence = 0;

  constructor(
    private readonly token: string,
    /** Names that all connections write, so that versions of one secret race. */
    private readonly shared: string,
  ) {}

  start(coffer: RunningCoffer, connections = 6): void {
    this.#stopped = false;
    this.#running = Array.from({ length: connections }, (_, worker) => this.#work(coffer, worker));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #work(coffer: RunningCoffer, worker: number): Promise<void> {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: coffer.ca });
    const call = (path: string, request: Ask = {}) =>
      ask(coffer, `${coffer.vaultUrl()}${path}?${VERSION}`, { token: this.token, agent, ...request });
    while (!this.#stopped) {
      this.#sequence += 1;
      try {
        await this.#one(call, worker, this.#sequence);
      } catch {
        // The process or its connection was killed: nothing was acknowledged.
        this.broken += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    agent.destroy();
  }

  async #one(call: (path: string, request?: Ask) => Promise<Answer>, worker: number, n: number): Promise<void> {
    switch (n % 4) {
      case 0:
        return this.#set(call, `${this.shared}-own-${worker}-${n}`);
      case 1:
        return this.#set(call, `${this.shared}-all`);
      case 2:
        this.#note(await call('/keys/chaos//sign', { method: 'POST', body: { alg: 'ES256', value: DIGEST } }));
        return;
      default:
        this.#note(await call(`/secrets/${this.shared}-all`));
    }
  }

  async #set(call: (path: string, request?: Ask) => Promise<Answer>, name: string): Promise<void> {
    const value = randomBytes(12).toString('hex');
    const answer = await call(`/secrets/${name}`, { method: 'PUT', body: { value, tags: { chaos: 'yes' } } });
    this.#note(answer);
    if (answer.status !== 200) return;
    const version = answer.json<{ id: string }>().id.split('/').at(-1) ?? '';
    this.secrets.push({ name, version, value });
  }

  #note(answer: Answer): void {
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 200) this.acknowledged.push(String(answer.headers['x-ms-request-id']));
  }
}
