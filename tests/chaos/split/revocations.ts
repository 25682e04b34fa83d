import { createHash } from 'node:crypto';
import { armVault, dev, type RunningCoffer } from '../../support/coffer.js';
import type { Answer, Ask } from '../../support/https.js';

export type Call = (url: string, request?: Ask) => Promise<Answer>;

const VERSION = 'api-version=7.4';
const DIGEST = createHash('sha256').update('chaos').digest('base64url');

/** Longer than any process stands still. */
const UNCERTAIN_MS = 20_000;

/** A right that is taken away and given back, and the uses of it that were let through while it was away. */
export abstract class Revocation {
  /** Uses that began after the revocation was acknowledged and succeeded before anybody asked for the right again. */
  readonly violations: string[] = [];
  /** Uses refused while the right was away: none would mean that nothing was tested. */
  refusals = 0;
  revocations = 0;
  /** Counts the acknowledged revocations that nobody has begun to undo; 0 while the right may be there. */
  #away = 0;
  #busy = false;
  #uncertainUntil = 0;

  protected abstract readonly name: string;
  protected abstract revoke(call: Call): Promise<Answer>;
  protected abstract grant(call: Call): Promise<Answer>;
  protected abstract use(call: Call): Promise<Answer>;

  /** Takes the right away if it is there, gives it back if it is away. One caller at a time: others use it instead. */
  async toggle(call: Call): Promise<Answer> {
    if (this.#busy) return this.tryUse(call);
    this.#busy = true;
    try {
      return await (this.#away > 0 ? this.#giveBack(call) : this.#takeAway(call));
    } finally {
      this.#busy = false;
    }
  }

  async #giveBack(call: Call): Promise<Answer> {
    this.#away = 0;
    let status = 0;
    try {
      const answer = await this.grant(call);
      status = answer.status;
      return answer;
    } finally {
      // A process that stood still may do it later than it was asked: what it then allows is no violation.
      if (status !== 200) this.#uncertainUntil = performance.now() + UNCERTAIN_MS;
    }
  }

  async #takeAway(call: Call): Promise<Answer> {
    const answer = await this.revoke(call);
    if (answer.status === 200 && performance.now() > this.#uncertainUntil) {
      this.revocations += 1;
      this.#away = this.revocations;
    }
    return answer;
  }

  async tryUse(call: Call): Promise<Answer> {
    const before = this.#away;
    const answer = await this.use(call);
    if (before > 0 && before === this.#away) {
      if (answer.status === 200) this.violations.push(`${this.name}, revocation ${before}`);
      if (answer.status === 403) this.refusals += 1;
    }
    return answer;
  }
}

/** A key that is disabled and enabled. */
export class DisabledKey extends Revocation {
  protected readonly name = 'a disabled key';

  constructor(
    private readonly coffer: RunningCoffer,
    private readonly key: string,
  ) {
    super();
  }

  protected revoke = (call: Call) => this.#set(call, false);
  protected grant = (call: Call) => this.#set(call, true);
  protected use = (call: Call) =>
    call(`${this.coffer.vaultUrl()}/keys/${this.key}//sign?${VERSION}`, {
      method: 'POST',
      body: { alg: 'ES256', value: DIGEST },
    });

  #set(call: Call, enabled: boolean): Promise<Answer> {
    const url = `${this.coffer.vaultUrl()}/keys/${this.key}/?${VERSION}`;
    return call(url, { method: 'PATCH', body: { attributes: { enabled } } });
  }
}

/** The permission to sign in a vault of its own, through access policies. */
export class RemovedPolicy extends Revocation {
  protected readonly name = 'a removed access policy';

  constructor(
    private readonly coffer: RunningCoffer,
    private readonly vault: string,
    private readonly key: string,
    private readonly armToken: string,
  ) {
    super();
  }

  protected revoke = (call: Call) => this.#policies(call, 'remove');
  protected grant = (call: Call) => this.#policies(call, 'add');
  protected use = (call: Call) =>
    call(`${this.coffer.vaultUrl(this.vault)}/keys/${this.key}//sign?${VERSION}`, {
      method: 'POST',
      body: { alg: 'ES256', value: DIGEST },
    });

  #policies(call: Call, kind: string): Promise<Answer> {
    const policy = { tenantId: dev.tenantId, objectId: dev.objectId, permissions: { keys: ['sign'] } };
    return call(`${armVault(this.coffer, this.vault)}/accessPolicies/${kind}?api-version=2023-07-01`, {
      method: 'PUT',
      token: this.armToken,
      body: { properties: { accessPolicies: [policy] } },
    });
  }
}
