import { createHash } from 'node:crypto';
import https from 'node:https';
import type { RunningCoffer } from '../../support/coffer.js';
import { ask, type Answer } from '../../support/https.js';
import type { AcknowledgedSecret } from '../../support/load.js';
import type { Random } from './random.js';
import type { Call, Revocation } from './revocations.js';

const VERSION = 'api-version=7.4';
const DIGEST = createHash('sha256').update('chaos').digest('base64url');
const TIMEOUT_MS = 30_000;

/** A fixed number of operations in the order of a seed, over several connections; remembers what was acknowledged. */
export class Operations {
  readonly secrets: AcknowledgedSecret[] = [];
  /** `kid` of keys whose creation was acknowledged. */
  readonly keys: string[] = [];
  /** Names of secrets whose deletion was acknowledged. */
  readonly deleted: string[] = [];
  /** `x-ms-request-id` of every request that was answered with success. */
  readonly acknowledged: string[] = [];
  readonly statuses = new Map<number, number>();
  /** Connections that broke before an answer came. */
  broken = 0;
  done = 0;

  constructor(
    private readonly coffer: RunningCoffer,
    private readonly token: string,
    private readonly random: Random,
    private readonly revocations: readonly Revocation[],
  ) {}

  /** Runs `count` operations; `atEach` is awaited before each, with its number. */
  async run(count: number, connections: number, atEach: (n: number) => Promise<void>): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: this.coffer.ca, timeout: TIMEOUT_MS });
      const call: Call = (url, request = {}) => ask(this.coffer, url, { token: this.token, agent, ...request });
      for (let n = (next += 1); n <= count; n = next += 1) {
        await atEach(n);
        const unavailable = this.#unavailable();
        try {
          await this.#one(call, n);
        } catch {
          this.broken += 1; // nothing was acknowledged
        }
        // As a client would: an outage that answers at once would be all that the operations see.
        if (this.#unavailable() > unavailable) await new Promise((resolve) => setTimeout(resolve, 250));
        this.done += 1;
      }
      agent.destroy();
    };
    await Promise.all(Array.from({ length: connections }, worker));
  }

  #unavailable(): number {
    return this.broken + (this.statuses.get(503) ?? 0);
  }

  async #one(call: Call, n: number): Promise<void> {
    const at = (path: string) => `${this.coffer.vaultUrl()}${path}?${VERSION}`;
    const kind = this.random.below(10);
    const revocation = this.random.pick(this.revocations);
    switch (kind) {
      case 0:
        return this.#set(call, at, `own-${n}`, n);
      case 1:
        return this.#set(call, at, 'shared', n);
      case 2:
        return this.#setAndDelete(call, at, `gone-${n}`, n);
      case 3:
        return this.#createKey(call, at, `key-${n}`);
      case 4:
        this.#note(await call(at('/secrets/shared')));
        return;
      case 5:
        this.#note(await call(at('/keys/chaos//sign'), { method: 'POST', body: { alg: 'ES256', value: DIGEST } }));
        return;
      case 6:
        this.#note(await revocation.toggle(call));
        return;
      default:
        this.#note(await revocation.tryUse(call));
    }
  }

  async #createKey(call: Call, at: (path: string) => string, name: string): Promise<void> {
    const answer = await call(at(`/keys/${name}/create`), { method: 'POST', body: { kty: 'EC' } });
    this.#note(answer);
    if (answer.status === 200) this.keys.push(answer.json<{ key: { kid: string } }>().key.kid);
  }

  async #setAndDelete(call: Call, at: (path: string) => string, name: string, n: number): Promise<void> {
    const set = await call(at(`/secrets/${name}`), { method: 'PUT', body: { value: String(n) } });
    this.#note(set);
    if (set.status !== 200) return;
    const gone = await call(at(`/secrets/${name}`), { method: 'DELETE' });
    this.#note(gone);
    if (gone.status === 200) this.deleted.push(name);
  }

  async #set(call: Call, at: (path: string) => string, name: string, n: number): Promise<void> {
    const value = `value ${n}`;
    const answer = await call(at(`/secrets/${name}`), { method: 'PUT', body: { value } });
    this.#note(answer);
    if (answer.status !== 200) return;
    this.secrets.push({ name, version: answer.json<{ id: string }>().id.split('/').at(-1) ?? '', value });
  }

  #note(answer: Answer): void {
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 200) this.acknowledged.push(String(answer.headers['x-ms-request-id']));
  }
}
