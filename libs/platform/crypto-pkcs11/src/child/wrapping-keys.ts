import { randomBytes } from 'node:crypto';
import type { Attribute, Handle } from 'pkcs11js';
import { CKA, CKK, CKM, CKO } from '../cryptoki/constants.js';
import { TaskFailure } from './failures.js';
import type { Token } from './token.js';

const LABEL = 'coffer-wrapping-key';
const TRIES = 5;
const PAUSE_MS = 50;

export interface WrappingKey {
  /** CKA_ID, hex. */
  readonly id: string;
  readonly handle: Handle;
  /** The security officer has declared it trusted: keys can then be made so that no other key wraps them. */
  readonly trusted: boolean;
}

/**
 * The AES-256 keys in the token under which Coffer stores all others. There is one; should two instances have made one each at
 * the same moment, both stay good, and all go on with the one whose id is the lowest.
 */
export class WrappingKeys {
  readonly #known = new Map<string, WrappingKey>();
  #chosen: WrappingKey | undefined;

  constructor(private readonly token: Token) {}

  /** Whether what was here still is: a token that went away may go on answering out of its memory. */
  present(): boolean {
    return this.#known.size === 0 || this.#search([]).length > 0;
  }

  /** What keys are wrapped under from now on; made when there is none. */
  current(): WrappingKey {
    for (let tries = 1; this.#chosen === undefined; tries += 1) {
      try {
        this.#chosen = this.#choose();
      } catch (error) {
        // Another process may be making one, which cannot be read until it is whole.
        if (tries === TRIES) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      }
    }
    return this.#chosen;
  }

  #choose(): WrappingKey {
    if (this.#search([]).length === 0) this.#make();
    const found = this.#search([]).map((handle) => this.#learn(handle));
    const [lowest] = found.sort((a, b) => (a.id < b.id ? -1 : 1));
    if (lowest === undefined) throw new TaskFailure('lost', 'CKR_KEY_NEEDED');
    return lowest;
  }

  /** Throws `unusable` when the token holds others, `lost` when it holds none. */
  byId(id: string): WrappingKey {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const [handle] = this.#search([{ type: CKA.ID, value: Buffer.from(id, 'hex') }]);
    if (handle !== undefined) return this.#learn(handle);
    throw new TaskFailure(this.#search([]).length > 0 ? 'unusable' : 'lost', 'CKR_UNWRAPPING_KEY_HANDLE_INVALID');
  }

  #search(more: Attribute[]): Handle[] {
    return this.token.find([
      { type: CKA.CLASS, value: CKO.SECRET_KEY },
      { type: CKA.TOKEN, value: true },
      { type: CKA.LABEL, value: LABEL },
      ...more,
    ]);
  }

  #make(): void {
    this.token.generate(CKM.AES_KEY_GEN, [
      { type: CKA.CLASS, value: CKO.SECRET_KEY },
      { type: CKA.KEY_TYPE, value: CKK.AES },
      { type: CKA.VALUE_LEN, value: 32 },
      { type: CKA.LABEL, value: LABEL },
      { type: CKA.ID, value: randomBytes(16) },
      ...flags([CKA.TOKEN, CKA.PRIVATE, CKA.SENSITIVE, CKA.WRAP, CKA.UNWRAP], true),
      ...flags([CKA.EXTRACTABLE, CKA.ENCRYPT, CKA.DECRYPT, CKA.SIGN, CKA.VERIFY], false),
    ]);
  }

  /** Throws `unusable` for a key that could give away what it wraps. */
  #learn(handle: Handle): WrappingKey {
    const is = (type: number): boolean => this.token.attribute(handle, type)[0] === 1;
    if (!is(CKA.SENSITIVE) || is(CKA.EXTRACTABLE) || is(CKA.DECRYPT)) {
      throw new TaskFailure('unusable', 'CKR_WRAPPING_KEY_TYPE_INCONSISTENT');
    }
    const id = this.token.attribute(handle, CKA.ID).toString('hex');
    const key = { id, handle, trusted: this.#isTrusted(handle) };
    this.#known.set(id, key);
    return key;
  }

  #isTrusted(handle: Handle): boolean {
    try {
      return this.token.attribute(handle, CKA.TRUSTED)[0] === 1;
    } catch {
      return false; // a module without this attribute
    }
  }
}

export function flags(types: readonly number[], value: boolean): Attribute[] {
  return types.map((type) => ({ type, value }));
}
