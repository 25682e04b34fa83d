import type {
  EcModuleKey,
  GcmSealed,
  KeyWrapMode,
  MacHash,
  OctModuleKey,
  RsaModuleKey,
  RsaOpening,
} from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import * as mechanisms from './mechanisms.js';
import type { ModuleProcess, Outcome } from './module-process.js';
import type { KeyReference, MechanismOf, Task } from './protocol.js';
import { decodeOaep, implicitRejection } from './rsa-padding.js';
import type { StoredKey } from './stored-key.js';

const TAG_BYTES = 16;
/** Each block of 8 bytes asks the module six times. */
const MAX_KEY_TO_WRAP = 4096;

/** A key that is given to the module with every task, so that one which has lost it takes it in again. */
abstract class KeyInModule {
  protected readonly reference: KeyReference;

  constructor(
    private readonly process: ModuleProcess,
    id: number,
    { spec, mechanism, wrappedBy, wrapped }: StoredKey,
  ) {
    this.reference = { id, kty: spec.kty, mechanism, wrappedBy, wrapped };
  }

  release(): void {
    this.process.forget(this.reference.id);
  }

  /** `undefined`: the data does not fit the key. Throws BadParameter for what the module cannot do. */
  protected async use(op: 'sign' | 'encrypt' | 'decrypt', mechanism: MechanismOf, data: Uint8Array, what: string) {
    return valueOf(await this.run(op, mechanism, data), what);
  }

  protected run(op: 'sign' | 'encrypt' | 'decrypt', mechanism: MechanismOf, data: Uint8Array): Promise<Outcome> {
    return this.process.run({ op, key: this.reference, mechanism, data });
  }

  protected keyWrap(op: 'wrap' | 'unwrap', mode: KeyWrapMode, data: Uint8Array): Promise<Outcome> {
    const task: Task = { op, key: this.reference, mode, data };
    return this.process.run(task);
  }

  protected async signature(alg: string, digest: Uint8Array): Promise<Buffer> {
    const row = mechanisms.signatureRows.get(alg);
    if (row === undefined) throw unsupported(alg);
    const data = row.prefix === undefined ? digest : Buffer.concat([row.prefix, digest]);
    return made(await this.use('sign', row.mechanism, data, alg));
  }
}

export class RsaKey extends KeyInModule implements RsaModuleKey {
  readonly kty = 'RSA';
  readonly public: RsaModuleKey['public'];
  /** The module does not know OAEP with SHA-256. */
  #rawOaep = false;

  constructor(process: ModuleProcess, id: number, stored: StoredKey, half: RsaModuleKey['public']) {
    super(process, id, stored);
    this.public = half;
  }

  sign(alg: string, digest: Uint8Array): Promise<Buffer> {
    return this.signature(alg, digest);
  }

  async decrypt(alg: RsaOpening, block: Uint8Array): Promise<SecretBytes | undefined> {
    if (alg === 'RSA-OAEP-256') return secret(await this.#openOaep256(block));
    if (alg === 'RSA-OAEP') return secret(await this.use('decrypt', mechanisms.oaep('sha1'), block, alg));
    const opened = await this.use('decrypt', mechanisms.rsaPkcs, block, alg);
    return SecretBytes.own(opened ?? implicitRejection(this.reference.wrapped, block));
  }

  async #openOaep256(block: Uint8Array): Promise<Buffer | undefined> {
    if (!this.#rawOaep) {
      const outcome = await this.run('decrypt', mechanisms.oaep('sha256'), block);
      this.#rawOaep = 'failure' in outcome && outcome.failure === 'unsupported';
      if (!this.#rawOaep) return valueOf(outcome, 'RSA-OAEP-256');
    }
    const encoded = await this.use('decrypt', mechanisms.rsaRaw, block, 'RSA-OAEP-256');
    if (encoded === undefined) return undefined;
    // Some modules leave leading zeros out.
    const whole = Buffer.alloc(block.length);
    encoded.copy(whole, block.length - encoded.length);
    encoded.fill(0);
    try {
      return decodeOaep(whole);
    } finally {
      whole.fill(0);
    }
  }
}

export class EcKey extends KeyInModule implements EcModuleKey {
  readonly kty = 'EC';
  readonly public: EcModuleKey['public'];

  constructor(process: ModuleProcess, id: number, stored: StoredKey, half: EcModuleKey['public']) {
    super(process, id, stored);
    this.public = half;
  }

  sign(alg: string, digest: Uint8Array): Promise<Buffer> {
    return this.signature(alg, digest);
  }
}

export class OctKey extends KeyInModule implements OctModuleKey {
  readonly kty = 'oct';

  constructor(
    process: ModuleProcess,
    id: number,
    stored: StoredKey,
    readonly bytes: number,
  ) {
    super(process, id, stored);
  }

  async mac(hash: MacHash, bytes: Uint8Array): Promise<Buffer> {
    return made(await this.use('sign', mechanisms.macs[hash], bytes, `HS${hash.slice(3)}`));
  }

  async sealGcm(iv: Uint8Array, aad: Uint8Array | undefined, plaintext: Uint8Array): Promise<GcmSealed> {
    const sealed = made(await this.use('encrypt', mechanisms.gcm(iv, aad), plaintext, 'GCM'));
    return { value: sealed.subarray(0, -TAG_BYTES), tag: sealed.subarray(-TAG_BYTES) };
  }

  openGcm(
    iv: Uint8Array,
    aad: Uint8Array | undefined,
    value: Uint8Array,
    tag: Uint8Array,
  ): Promise<Buffer | undefined> {
    return this.use('decrypt', mechanisms.gcm(iv, aad), Buffer.concat([value, tag]), 'GCM');
  }

  async sealCbc(iv: Uint8Array, blocks: Uint8Array): Promise<Buffer> {
    return made(await this.use('encrypt', mechanisms.cbc(iv), blocks, 'CBC'));
  }

  async openCbc(iv: Uint8Array, blocks: Uint8Array): Promise<Buffer> {
    return made(await this.use('decrypt', mechanisms.cbc(iv), blocks, 'CBC'));
  }

  async wrap(mode: KeyWrapMode, key: Uint8Array): Promise<Buffer> {
    assertShort(key);
    return made(valueOf(await this.keyWrap('wrap', mode, key), 'AES key wrap'));
  }

  async unwrap(mode: KeyWrapMode, wrapped: Uint8Array): Promise<Buffer | undefined> {
    assertShort(wrapped.subarray(8));
    return valueOf(await this.keyWrap('unwrap', mode, wrapped), 'AES key wrap');
  }
}

/** `undefined`: the data does not fit the key. Throws BadParameter for what the module cannot do, ServiceUnavailable without the key. */
function valueOf(outcome: Outcome, what: string): Buffer | undefined {
  if ('value' in outcome) return outcome.value instanceof Uint8Array ? bufferOver(outcome.value) : undefined;
  if (outcome.failure === 'refused') return undefined;
  if (outcome.failure === 'unsupported') throw unsupported(what);
  throw new CofferError('ServiceUnavailable', 'The hardware security module does not hold what opens this key.');
}

function made(value: Buffer | undefined): Buffer {
  if (value === undefined) throw new CofferError('Internal', 'the module refused data that had been checked');
  return value;
}

function secret(bytes: Buffer | undefined): SecretBytes | undefined {
  return bytes === undefined ? undefined : SecretBytes.own(bytes);
}

function assertShort({ length }: Uint8Array): void {
  if (length <= MAX_KEY_TO_WRAP) return;
  const text = `A key in the hardware security module wraps at most ${MAX_KEY_TO_WRAP} bytes.`;
  throw new CofferError('BadParameter', text);
}

export function unsupported(what: string): CofferError {
  return new CofferError('BadParameter', `The hardware security module does not support ${what} with this key.`);
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
