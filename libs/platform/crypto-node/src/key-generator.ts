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
import { Turns } from './turns.js';

const generatePair = promisify(generateKeyPair);

/** Keys that are checked at a time. */
const CHECKS = 1;

/**
 * Makes keys, and checks those that are brought. With RSA that takes seconds of a processor: on a few threads of its own,
 * which leave the processors to the requests.
 */
export class KeyGenerator {
  readonly #making: Turns;
  readonly #threads: CryptoPool;
  /** What is brought does not wait behind what is made, which takes longer by far. */
  readonly #checking = new Turns(CHECKS);
  readonly #checks = new CryptoPool({ threads: CHECKS, background: true });

  constructor(concurrency: number) {
    this.#making = new Turns(concurrency);
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
    return this.#making.run(async () => {
      const pkcs8 = await this.#threads.run({ op: 'generate', modulusLength, publicExponent });
      if (!(pkcs8 instanceof Uint8Array)) throw new CofferError('Internal', 'The key could not be made.');
      return toNewKey(spec, publicOf(pkcs8), SecretBytes.own(pkcs8));
    });
  }

  /** Throws BadParameter for a key that nobody should have, Throttled when too many keys wait. */
  async import(jwk: PrivateJwk): Promise<NewKey> {
    if (jwk.kty === 'EC') return importEc(jwk.crv, jwk.members);
    if (jwk.kty === 'oct') return importOct(jwk.members);
    return this.#checking.run(() => importRsa(jwk.members, (candidate) => this.#isPrime(candidate)));
  }

  /** Ends the threads; keys that are being made are lost, and so is who waits. */
  async close(): Promise<void> {
    await Promise.all([this.#threads.close(), this.#checks.close()]);
  }

  async #isPrime(candidate: Uint8Array): Promise<boolean> {
    const copy = new Uint8Array(candidate);
    try {
      const answer = await this.#checks.run({ op: 'isPrime', candidate: copy });
      if (typeof answer !== 'boolean') throw new CofferError('Internal', 'The key could not be checked.');
      return answer;
    } finally {
      copy.fill(0);
    }
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
