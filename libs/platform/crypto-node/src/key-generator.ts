import { generateKeyPair, randomBytes, type KeyPairKeyObjectResult } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeySpec, PublicJwk } from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import { curves } from './curves.js';
import { MODULUS_BITS, OCT_BITS, publicJwk } from './loaded-key.js';

const generatePair = promisify(generateKeyPair);

const MAX_PUBLIC_EXPONENT = 0xffff_ffff;
/** RSA generations that may wait; each takes up to some seconds. */
const MAX_WAITING = 64;

export interface GeneratedKey {
  readonly public: PublicJwk;
  /** PKCS#8 DER; of oct the key itself. */
  readonly privateKey: SecretBytes;
}

/**
 * Makes keys on Node's thread pool. Generating RSA keys takes long and the pool also serves files and name look-ups, so
 * only a few run at a time.
 */
export class KeyGenerator {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(private readonly concurrency: number) {}

  /** Throws BadParameter for a key that nobody should have, Throttled when too many generations wait. */
  async generate(spec: KeySpec): Promise<GeneratedKey> {
    if (spec.kty === 'EC') return toGenerated(await generatePair('ec', { namedCurve: curves[spec.crv].openssl }));
    if (spec.kty === 'oct') return generateOct(spec.keySize);
    const { keySize: modulusLength, publicExponent } = spec;
    if (!MODULUS_BITS.includes(modulusLength))
      throw new CofferError('BadParameter', 'The RSA key size is not supported.');
    if (!isExponent(publicExponent)) throw new CofferError('BadParameter', 'The RSA public exponent is not valid.');
    await this.#enter();
    try {
      return toGenerated(await generatePair('rsa', { modulusLength, publicExponent }));
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

/** FIPS 186-5 wants more than 2^16; smaller odd ones are legal RSA and Key Vault takes them. */
function isExponent(value: number): boolean {
  return Number.isInteger(value) && value % 2 === 1 && value >= 3 && value <= MAX_PUBLIC_EXPONENT;
}

function generateOct(bits: number): GeneratedKey {
  if (!OCT_BITS.includes(bits)) throw new CofferError('BadParameter', 'The oct key size is not supported.');
  return { public: { kty: 'oct' }, privateKey: SecretBytes.own(randomBytes(bits / 8)) };
}

function toGenerated({ publicKey, privateKey }: KeyPairKeyObjectResult): GeneratedKey {
  return {
    public: publicJwk(publicKey),
    privateKey: SecretBytes.own(privateKey.export({ format: 'der', type: 'pkcs8' })),
  };
}
