import type { KeyWrapMode } from '@coffer/contracts';
import type { Handle } from 'pkcs11js';
import { CKM } from '../cryptoki/constants.js';
import type { KeyReference, Made, MechanismOf, Opening, Reply, Task } from '../protocol.js';
import { unwrapKey, wrapKey } from './aes-key-wrap.js';
import { judge, TaskFailure } from './failures.js';
import { generateKey, importKey, loadKey, type Use } from './keys.js';
import { Token } from './token.js';
import { WrappingKeys } from './wrapping-keys.js';

/** Keys that are objects of the session at a time; each may take some kilobytes of the module's memory. */
const MAX_OBJECTS = 500;

/** Does tasks one after the other with one token. */
export class Worker {
  readonly #token: Token;
  readonly #wrapping: WrappingKeys;
  /** Oldest use first. */
  readonly #objects = new Map<string, Handle>();

  constructor(opening: Opening) {
    this.#token = Token.open(opening);
    this.#wrapping = new WrappingKeys(this.#token);
  }

  /** Never throws. */
  do(task: Task): Reply {
    try {
      return { value: this.#run(task) };
    } catch (error) {
      const { verdict, code } = judge(error);
      if (verdict !== 'ambiguous') return { failure: verdict, code };
      // All other data has been checked before it came here.
      return { failure: task.op === 'decrypt' ? this.#decide() : 'lost', code };
    }
  }

  close(): void {
    this.#token.close();
  }

  #run(task: Task): Uint8Array | Made | undefined {
    switch (task.op) {
      case 'generate':
        return generateKey(this.#token, this.#wrapping, task.spec);
      case 'import':
        try {
          return importKey(this.#token, this.#wrapping, task.spec, task.key);
        } finally {
          task.key.fill(0);
        }
      case 'sign':
        return this.#token.sign(task.mechanism, this.#object(task.key, usedFor(task)), task.data);
      case 'encrypt':
        return this.#token.encrypt(task.mechanism, this.#object(task.key, 'cipher'), task.data);
      case 'decrypt':
        return this.#decrypt(task.mechanism, this.#object(task.key, 'cipher'), task.data);
      case 'wrap':
      case 'unwrap':
        return this.#keyWrap(task.op, task.mode, this.#object(task.key, 'cipher'), task.data);
      case 'forget':
        for (const use of ['cipher', 'mac']) this.#drop(`${task.id}/${use}`);
        return undefined;
    }
  }

  /** Of PKCS #1 v1.5, success takes what failure does: else time would tell wrong padding (Bleichenbacher). */
  #decrypt(mechanism: MechanismOf, key: Handle, data: Uint8Array): Buffer {
    const opened = this.#token.decrypt(mechanism, key, data);
    if (mechanism.mechanism === CKM.RSA_PKCS) {
      this.#token.renew();
      this.#decide();
    }
    return opened;
  }

  #keyWrap(op: 'wrap' | 'unwrap', mode: KeyWrapMode, key: Handle, data: Uint8Array): Buffer | undefined {
    const ecb: MechanismOf = { mechanism: CKM.AES_ECB };
    return op === 'wrap'
      ? wrapKey((block) => this.#token.encrypt(ecb, key, block), mode, data)
      : unwrapKey((block) => this.#token.decrypt(ecb, key, block), mode, data);
  }

  #object(key: KeyReference, use: Use): Handle {
    const name = `${key.id}/${use}`;
    const handle = this.#objects.get(name) ?? this.#load(key, use);
    this.#objects.delete(name);
    this.#objects.set(name, handle);
    if (this.#objects.size > MAX_OBJECTS) this.#drop(this.#objects.keys().next().value ?? '');
    return handle;
  }

  /** What cannot be unwrapped while the token is there is one key's fault, and no reason to begin anew. */
  #load(key: KeyReference, use: Use): Handle {
    try {
      return loadKey(this.#token, this.#wrapping, key.kty, use, key);
    } catch (error) {
      const { verdict, code } = judge(error);
      if (verdict !== 'ambiguous') throw error;
      throw new TaskFailure(this.#decide() === 'lost' ? 'lost' : 'unusable', code);
    }
  }

  #drop(name: string): void {
    const handle = this.#objects.get(name);
    if (handle === undefined) return;
    this.#objects.delete(name);
    this.#token.destroy(handle);
  }

  /** Whether it was the data or the token. */
  #decide(): 'refused' | 'lost' {
    try {
      return this.#wrapping.present() ? 'refused' : 'lost';
    } catch {
      return 'lost';
    }
  }
}

function usedFor({ key }: { readonly key: KeyReference }): Use {
  return key.kty === 'oct' ? 'mac' : 'cipher';
}
