import { generateKeyPair, randomBytes, type KeyPairKeyObjectResult } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeySpec, NewKey, PrivateJwk } from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import { curves } from './curves.js';
import { importEc } from './import/import-ec.js';
import { importOct } from './import/import-oct.js';
import { importRsa } from './import/import-rsa.js';
import { isExponent, modulusSizeOf, octSizeOf, publicJwk } from './loaded-key.js';

const generatePair = promisify(generateKeyPair);

/** RSA generations that may wait; each takes up to some seconds. */
const MAX_WAITING = 64;

/**
 * Makes keys, and checks those that are brought, on Node's thread pool. With RSA that takes long and the pool also serves
 * files and name look-ups, so only a few run at a time.
 */
export class KeyGenerator {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(private readonly concurrency: number) {}

  /** Throws BadParameter for a key that nobody should have, Throttled when too many generations wait. */
  async generate(spec: KeySpec): Promise<NewKey> {
    if (spec.kty === 'EC') return toNewKey(spec, await generatePair('ec', { namedCurve: curves[spec.crv].openssl }));
    if (spec.kty === 'oct') return generateOct(spec);
    const { keySize: modulusLength, publicExponent } = spec;
    if (modulusSizeOf(modulusLength) === undefined)
      throw new CofferError('BadParameter', 'The RSA key size is not supported.');
    if (!isExponent(publicExponent)) throw new CofferError('BadParameter', 'The RSA public exponent is not valid.');
    return this.#inTurn(async () => toNewKey(spec, await generatePair('rsa', { modulusLength, publicExponent })));
  }

  /** Throws BadParameter for a key that nobody should have, Throttled when too many keys wait. */
  async import(jwk: PrivateJwk): Promise<NewKey> {
    if (jwk.kty === 'EC') return importEc(jwk.crv, jwk.members);
    if (jwk.kty === 'oct') return importOct(jwk.members);
    return this.#inTurn(() => importRsa(jwk.members));
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

function toNewKey(spec: KeySpec, { publicKey, privateKey }: KeyPairKeyObjectResult): NewKey {
  return {
    spec,
    public: publicJwk(publicKey),
    privateKey: SecretBytes.own(privateKey.export({ format: 'der', type: 'pkcs8' })),
  };
}
