import type { Attribute, Handle, Mechanism } from 'pkcs11js';
import { loadCryptoki, type Cryptoki } from '../cryptoki/addon.js';
import { CKF, CKU_USER } from '../cryptoki/constants.js';
import type { MechanismOf, Opening } from '../protocol.js';
import { TaskFailure } from './failures.js';

const FLAGS = CKF.SERIAL_SESSION | CKF.RW_SESSION;
/** Wrapped RSA keys of 4096 bits take 2,400 bytes. */
const MAX_WRAPPED = 16_384;
/** Enough for a signature of any key, a tag and the padding of a block. */
const MARGIN = 1024;

/** A token with somebody logged in. Objects belong to one session; operations run in another, which is replaced after errors. */
export class Token {
  readonly mechanisms: ReadonlySet<number>;
  readonly #objects: Handle;
  #work: Handle;

  private constructor(
    readonly cryptoki: Cryptoki,
    private readonly slot: Handle,
    pin: string,
  ) {
    this.#objects = cryptoki.C_OpenSession(slot, FLAGS);
    cryptoki.C_Login(this.#objects, CKU_USER, pin);
    this.#work = cryptoki.C_OpenSession(slot, FLAGS);
    this.mechanisms = new Set(cryptoki.C_GetMechanismList(slot));
  }

  static open({ module, token, pin }: Opening): Token {
    const cryptoki = loaded(module);
    cryptoki.C_Initialize();
    const slot = cryptoki
      .C_GetSlotList(true)
      .find((candidate) => cryptoki.C_GetTokenInfo(candidate).label.trimEnd() === token);
    if (slot === undefined) throw new TaskFailure('lost', 'CKR_TOKEN_NOT_PRESENT');
    return new Token(cryptoki, slot, Buffer.from(pin).toString('utf8'));
  }

  find(template: Attribute[]): Handle[] {
    this.cryptoki.C_FindObjectsInit(this.#objects, template);
    try {
      return this.cryptoki.C_FindObjects(this.#objects, 100);
    } finally {
      this.cryptoki.C_FindObjectsFinal(this.#objects);
    }
  }

  attribute(object: Handle, type: number): Buffer {
    const [found] = this.cryptoki.C_GetAttributeValue(this.#objects, object, [{ type }]);
    return found?.value ?? Buffer.alloc(0);
  }

  create(template: Attribute[]): Handle {
    return this.cryptoki.C_CreateObject(this.#objects, template);
  }

  generate(mechanism: number, template: Attribute[]): Handle {
    return this.cryptoki.C_GenerateKey(this.#objects, { mechanism }, template);
  }

  generatePair(mechanism: number, half: Attribute[], secret: Attribute[]) {
    return this.cryptoki.C_GenerateKeyPair(this.#objects, { mechanism }, half, secret);
  }

  destroy(object: Handle): void {
    this.cryptoki.C_DestroyObject(this.#objects, object);
  }

  wrap(mechanism: number, wrapping: Handle, key: Handle): Buffer {
    return output(MAX_WRAPPED, (out) => this.cryptoki.C_WrapKey(this.#objects, { mechanism }, wrapping, key, out));
  }

  unwrap(mechanism: number, unwrapping: Handle, wrapped: Uint8Array, template: Attribute[]): Handle {
    return this.cryptoki.C_UnwrapKey(this.#objects, { mechanism }, unwrapping, Buffer.from(wrapped), template);
  }

  /** As `encrypt`, also of nothing: nothing has no address, which modules take for a mistake. */
  sign(mechanism: MechanismOf, key: Handle, data: Uint8Array): Buffer {
    return this.#operation(() => {
      this.cryptoki.C_SignInit(this.#work, toAddon(mechanism), key);
      return output(MARGIN, (out) =>
        data.length === 0
          ? this.cryptoki.C_SignFinal(this.#work, out)
          : this.cryptoki.C_Sign(this.#work, Buffer.from(data), out),
      );
    });
  }

  encrypt(mechanism: MechanismOf, key: Handle, data: Uint8Array): Buffer {
    return this.#operation(() => {
      this.cryptoki.C_EncryptInit(this.#work, toAddon(mechanism), key);
      return output(data.length + MARGIN, (out) =>
        data.length === 0
          ? this.cryptoki.C_EncryptFinal(this.#work, out)
          : this.cryptoki.C_Encrypt(this.#work, Buffer.from(data), out),
      );
    });
  }

  decrypt(mechanism: MechanismOf, key: Handle, data: Uint8Array): Buffer {
    return this.#operation(() => {
      this.cryptoki.C_DecryptInit(this.#work, toAddon(mechanism), key);
      return output(data.length + MARGIN, (out) => this.cryptoki.C_Decrypt(this.#work, Buffer.from(data), out));
    });
  }

  /** Another session for operations; objects stay. */
  renew(): void {
    this.cryptoki.C_CloseSession(this.#work);
    this.#work = this.cryptoki.C_OpenSession(this.slot, FLAGS);
  }

  close(): void {
    this.cryptoki.C_Finalize();
  }

  /** An error may leave an operation begun, which would be in the way of the next one. */
  #operation<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.renew();
      throw error;
    }
  }
}

/** The loader's message holds a path, and is of no use to who reads the reason. */
function loaded(module: string): Cryptoki {
  try {
    return loadCryptoki(module);
  } catch {
    throw new TaskFailure('lost', 'the library cannot be loaded');
  }
}

/** What a call has written, in bytes of its own; the rest is wiped. */
function output(size: number, call: (out: Buffer) => number): Buffer {
  const out = Buffer.alloc(size);
  try {
    return Buffer.from(out.subarray(0, call(out)));
  } finally {
    out.fill(0);
  }
}

/** Bytes arrive here as plain arrays; the binding takes Buffers only. */
function toAddon({ mechanism, parameter }: MechanismOf): Mechanism {
  if (parameter === undefined) return { mechanism };
  if (parameter instanceof Uint8Array) return { mechanism, parameter: Buffer.from(parameter) };
  const entries = Object.entries(parameter).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? Buffer.from(value) : value,
  ]);
  return { mechanism, parameter: Object.fromEntries(entries) as { type: number } };
}
