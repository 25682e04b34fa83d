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

type Call = (path: string, request?: Ask) => Promise<Answer>;

/** Mixed requests from several connections; remembers what was acknowledged, forgets what failed on the way. */
export class MixedLoad {
  readonly secrets: AcknowledgedSecret[] = [];
  /** `kid` of keys whose creation was acknowledged. */
  readonly keys: string[] = [];
  /** Names of secrets whose deletion was acknowledged. */
  readonly deleted: string[] = [];
  /** `x-ms-request-id` of every request that was answered with success. */
  readonly acknowledged: string[] = [];
  /** Status → how often. */
  readonly statuses = new Map<number, number>();
  /** Code and Retry-After of every 503. */
  readonly refusals = new Set<string>();
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

  /** Resolves once enough was done, however slow the machine; rejects after a hundred seconds. */
  async until(isEnough: () => boolean): Promise<void> {
    const deadline = Date.now() + 100_000;
    while (!isEnough()) {
      if (Date.now() > deadline) throw new Error(`too little was done: ${JSON.stringify([...this.statuses])}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
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

  async #one(call: Call, worker: number, n: number): Promise<void> {
    const own = `${this.shared}-own-${worker}-${n}`;
    switch (n % 8) {
      case 0:
      case 1:
        return this.#set(call, own);
      case 2:
        return this.#set(call, `${this.shared}-all`);
      case 3:
        this.#note(await call('/keys/chaos//sign', { method: 'POST', body: { alg: 'ES256', value: DIGEST } }));
        return;
      case 4:
        return this.#createKey(call, own);
      case 5:
        return this.#setAndDelete(call, `${own}-gone`);
      case 6: {
        const body = { tags: { touched: String(n) } };
        this.#note(await call(`/secrets/${this.shared}-all/`, { method: 'PATCH', body }));
        return;
      }
      default:
        this.#note(await call(`/secrets/${this.shared}-all`));
    }
  }

  async #createKey(call: Call, name: string): Promise<void> {
    const answer = await call(`/keys/${name}/create`, { method: 'POST', body: { kty: 'EC' } });
    this.#note(answer);
    if (answer.status === 200) this.keys.push(answer.json<{ key: { kid: string } }>().key.kid);
  }

  async #setAndDelete(call: Call, name: string): Promise<void> {
    const set = await call(`/secrets/${name}`, { method: 'PUT', body: { value: 'short-lived' } });
    this.#note(set);
    if (set.status !== 200) return;
    const deleted = await call(`/secrets/${name}`, { method: 'DELETE' });
    this.#note(deleted);
    if (deleted.status === 200) this.deleted.push(name);
  }

  async #set(call: Call, name: string): Promise<void> {
    const value = randomBytes(12).toString('hex');
    const answer = await call(`/secrets/${name}`, { method: 'PUT', body: { value, tags: { chaos: 'yes' } } });
    this.#note(answer);
    if (answer.status !== 200) return;
    const version = answer.json<{ id: string }>().id.split('/').at(-1) ?? '';
    this.secrets.push({ name, version, value });
  }

  #note(answer: Answer): void {
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 503) {
      const { code } = answer.json<{ error: { code: string } }>().error;
      this.refusals.add(`${code}, retry-after ${String(answer.headers['retry-after'])}`);
    }
    if (answer.status === 200) this.acknowledged.push(String(answer.headers['x-ms-request-id']));
  }
}

/** Acknowledged writes that cannot be found any more; none if all is well. */
export async function lostWrites(
  coffer: RunningCoffer,
  { secrets, keys, deleted }: Pick<MixedLoad, 'secrets' | 'keys' | 'deleted'>,
  token: string,
): Promise<string[]> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 8, ca: coffer.ca });
  const get = (url: string) => ask(coffer, `${url}?${VERSION}`, { token, agent });
  const lost: string[] = [];
  for (const { name, version, value } of secrets) {
    const answer = await get(`${coffer.vaultUrl()}/secrets/${name}/${version}`);
    if (answer.status !== 200 || answer.json<{ value: string }>().value !== value) lost.push(`${name}/${version}`);
  }
  for (const kid of keys) if ((await get(kid)).status !== 200) lost.push(kid);
  for (const name of deleted) {
    const active = await get(`${coffer.vaultUrl()}/secrets/${name}`);
    const kept = await get(`${coffer.vaultUrl()}/deletedsecrets/${name}`);
    if (active.status !== 404 || kept.status !== 200) lost.push(`deletion of ${name}`);
  }
  agent.destroy();
  return lost;
}
