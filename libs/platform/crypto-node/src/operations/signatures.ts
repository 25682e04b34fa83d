import { constants, publicDecrypt } from 'node:crypto';
import { CofferError } from '@coffer/kernel';
import type { EcSignAlgorithm, RsaSignAlgorithm, SignAlgorithm } from '../algorithms/sign.js';
import { curves } from '../curves.js';
import { bufferOver, type LoadedEcKey, type LoadedKey, type LoadedRsaKey } from '../loaded-key.js';
import type { CryptoPool } from '../pool/crypto-pool.js';
import { incompatibleKey, unknownAlgorithm, wrongLength } from '../refusals.js';
import { PKCS1_OVERHEAD } from '../rsa/emsa-pkcs1.js';

/** An algorithm together with a key that fits it. */
type Match =
  | { readonly kty: 'RSA'; readonly row: RsaSignAlgorithm; readonly key: LoadedRsaKey }
  | { readonly kty: 'EC'; readonly row: EcSignAlgorithm; readonly key: LoadedEcKey };

/** `sign` and `verify` of ready digests. */
export class Signatures {
  constructor(
    private readonly pool: CryptoPool,
    private readonly table: ReadonlyMap<string, SignAlgorithm>,
  ) {}

  /** By the key's signer; without one RSA on the pool and EC here, it takes 1 to 3 ms. Throws BadParameter, Throttled. */
  async sign(key: LoadedKey, alg: string, digest: Uint8Array): Promise<Buffer> {
    const match = this.#match(key, alg, digest, 'value');
    if (match.kty === 'EC') return match.key.signing.sign(alg, digest);
    return match.key.signing?.sign(alg, digest) ?? this.#signOnPool(match.row, match.key, digest);
  }

  async #signOnPool(row: RsaSignAlgorithm, key: LoadedRsaKey, digest: Uint8Array): Promise<Buffer> {
    if ('module' in key.custody) throw new CofferError('Internal', 'a key of a module signs there');
    const { pooled } = key.custody;
    const block = row.encode(digest, key.modulusBytes);
    const signature = await this.pool.run({ op: 'sign', keyId: pooled.id, block }, pooled);
    if (!(signature instanceof Uint8Array)) throw new CofferError('Internal', 'The signature could not be made.');
    return bufferOver(signature);
  }

  /** RSA here, it takes 30 µs; EC by the key's signer, without one on the pool, it takes 1 to 7 ms. False for whatever is no signature of the digest. */
  async verify(key: LoadedKey, alg: string, digest: Uint8Array, signature: Uint8Array): Promise<boolean> {
    const match = this.#match(key, alg, digest, 'digest');
    if (match.kty === 'RSA') return isRsaSignature(match.row, match.key, digest, signature);
    const { crv } = match.row;
    if (signature.length !== 2 * curves[crv].bytes) return false;
    const { point, verifying } = match.key;
    if (verifying !== undefined) return verifying.verify(alg, digest, signature);
    const copies = { digest: new Uint8Array(digest), signature: new Uint8Array(signature) };
    return (await this.pool.run({ op: 'verify', curve: crv, point, ...copies })) === true;
  }

  #match(key: LoadedKey, alg: string, digest: Uint8Array, property: string): Match {
    const row = this.table.get(alg);
    if (row === undefined) throw unknownAlgorithm('signing', alg);
    const match = matchKey(row, key);
    checkLength(row, digest.length, match.kty === 'RSA' ? match.key.modulusBytes - PKCS1_OVERHEAD : 0, property);
    return match;
  }
}

function matchKey(row: SignAlgorithm, key: LoadedKey): Match {
  if (row.kty === 'RSA') {
    if (key.kty !== 'RSA') throw incompatibleKey('signing', row.name, `type 'RSA'`, key.kty);
    return { kty: 'RSA', row, key };
  }
  if (key.kty === 'EC' && key.crv === row.crv) return { kty: 'EC', row, key };
  const given = key.kty === 'EC' ? `EC', curve '${key.crv}` : key.kty;
  throw incompatibleKey('signing', row.name, `type 'EC', curve '${row.crv}'`, given);
}

function checkLength(row: SignAlgorithm, length: number, max: number, property: string): void {
  if (row.digestBytes === undefined) {
    if (length < 1 || length > max) throw wrongLength(property, length, row.name, `1 to ${max} bytes`);
  } else if (length !== row.digestBytes) {
    throw wrongLength(property, length, row.name, `${row.digestBytes} bytes`);
  }
}

function isRsaSignature(
  row: RsaSignAlgorithm,
  { publicKey, modulusBytes }: LoadedRsaKey,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== modulusBytes) return false;
  let block: Buffer;
  try {
    block = publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return false; // not below the modulus
  }
  return row.matches(block, digest);
}
