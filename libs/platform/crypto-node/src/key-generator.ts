import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeySpec, NewKey, PrivateJwk } from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import { curves } from './curves.js';
import { importEc } from './import/import-ec.js';
import { importOct } from './import/import-oct.js';
import { importRsa } from './import/import-rsa.js';
import { bufferOver, isExponent, modulusSizeOf, octSizeOf, publicJwk } from './loaded-key.js';
import { CryptoPool } from './pool/crypto-pool.js';

const generatePair = promisify(generateKeyPair);

/** RSA generations that may wait; each takes up to some seconds. */
const MAX_WAITING = 64;

/**
 * Makes keys, and checks those that are brought. With RSA that takes seconds of a processor: on a few threads of its own,
 * which leave the processors to the requests.
 */
export class KeyGenerator {
  readonly #waiting: (() => void)[] = [];
  readonly #threads: CryptoPool;
  #running = 0;

  constructor(private readonly concurrency: number) {
    this.#threads = new CryptoPool({ threads: concurrency, background: true });
  }

  /** Throws BadParameter for a key that nobody should have, Throttled when too many generations wait. */
  async generate(spec: KeySpec): Promise<NewKey> {
    if (spec.kty === 'EC') {
      const { publicKey, privateKey } = await generatePair('ec', { namedCurve: curves[spec.crv].openssl });
      return toNewKey(spec, publicKey, SecretBytes.own(privateKey.export({ format: 'der', type: 'pkcs8' })));
    }
    if (spec.kty === 'oct') return generateOct(spec);
    const { keySize: modulusLength, publicExponent } = spec;
    if (modulusSizeOf(modulusLength) === undefined)
      throw new CofferError('BadParameter', 'The RSA key size is not supported.');
    if (!isExponent(publicExponent)) throw new CofferError('BadParameter', 'The RSA public exponent is not valid.');
    return this.#inTurn(async () => {
      const pkcs8 = await this.#threads.run({ op: 'generate', modulusLength, publicExponent });
      if (!(pkcs8 instanceof Uint8Array)) throw new CofferError('Internal', 'The key could not be made.');
      return toNewKey(spec, publicOf(pkcs8), SecretBytes.own(pkcs8));
    });
  }

  /** Throws BadParameter for a key that nobody should have, Throttled when too many keys wait. */
  async import(jwk: PrivateJwk): Promise<NewKey> {
    if (jwk.kty === 'EC') return importEc(jwk.crv, jwk.members);
    if (jwk.kty === 'oct') return importOct(jwk.members);
    return this.#inTurn(() => importRsa(jwk.members, (candidate) => this.#isPrime(candidate)));
  }

  /** Ends the threads; keys that are being made are lost, and so is who waits. */
  close(): Promise<void> {
    return this.#threads.close();
  }

  async #isPrime(candidate: Uint8Array): Promise<boolean> {
    const copy = new Uint8Array(candidate);
    try {
      const answer = await this.#threads.run({ op: 'isPrime', candidate: copy });
      if (typeof answer !== 'boolean') throw new CofferError('Internal', 'The key could not be checked.');
      return answer;
    } finally {
      copy.fill(0);
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.concurrency) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      throw new CofferError('Throttled', 'Too many keys are being created. Please retry.', { retryAfterSeconds: 1 });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on to whoever waits the longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}

function generateOct(spec: Extract<KeySpec, { kty: 'oct' }>): NewKey {
  if (octSizeOf(spec.keySize) === undefined)
    throw new CofferError('BadParameter', 'The oct key size is not supported.');
  return { spec, public: { kty: 'oct' }, privateKey: SecretBytes.own(randomBytes(spec.keySize / 8)) };
}

function publicOf(pkcs8: Uint8Array): KeyObject {
  return createPublicKey(createPrivateKey({ key: bufferOver(pkcs8), format: 'der', type: 'pkcs8' }));
}

function toNewKey(spec: KeySpec, publicKey: KeyObject, privateKey: SecretBytes): NewKey {
  return { spec, public: publicJwk(publicKey), privateKey };
}
