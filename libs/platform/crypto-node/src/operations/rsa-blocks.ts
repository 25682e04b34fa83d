import { publicEncrypt } from 'node:crypto';
import { SecretBytes } from '@coffer/kernel';
import type { RsaEncryptAlgorithm } from '../algorithms/encrypt.js';
import type { LoadedKey, LoadedRsaKey } from '../loaded-key.js';
import type { CryptoPool } from '../pool/crypto-pool.js';
import type { PooledKey } from '../pool/protocol.js';
import { incompatibleKey, notDecryptable, unknownAlgorithm, wrongLength, type Use } from '../refusals.js';

/** One block in, one block out: encrypt and decrypt, wrapKey and unwrapKey. */
export class RsaBlocks {
  constructor(
    private readonly pool: CryptoPool,
    private readonly table: ReadonlyMap<string, RsaEncryptAlgorithm>,
    private readonly use: Use,
  ) {}

  /** Public operation, 30 µs. Throws BadParameter. */
  seal(key: LoadedKey, alg: string, plaintext: Uint8Array): Buffer {
    const { row, rsa } = this.#match(key, alg);
    const max = rsa.modulusBytes - row.overhead;
    if (plaintext.length > max) throw wrongLength('value', plaintext.length, alg, `at most ${max} bytes`);
    return publicEncrypt({ key: rsa.publicKey, padding: row.padding, ...oaep(row) }, plaintext);
  }

  /**
   * Private operation, on the pool or in the module. Throws BadParameter with one text for every failure. RSA1_5 does not fail on wrong
   * padding: OpenSSL then gives bytes derived from the key and the ciphertext ("implicit rejection"), so that nobody
   * can tell wrong padding from a plaintext (Bleichenbacher).
   */
  async open(key: LoadedKey, alg: string, ciphertext: Uint8Array): Promise<SecretBytes> {
    const { row, rsa } = this.#match(key, alg);
    if (ciphertext.length !== rsa.modulusBytes) throw notDecryptable();
    const copy = new Uint8Array(ciphertext);
    const { custody } = rsa;
    const plaintext =
      'module' in custody
        ? await custody.module.decrypt(row.name, copy)
        : await this.#openOnPool(row, custody.pooled, copy);
    if (plaintext === undefined) throw notDecryptable();
    return plaintext;
  }

  async #openOnPool(
    { padding, oaepHash }: RsaEncryptAlgorithm,
    key: PooledKey,
    ciphertext: Uint8Array,
  ): Promise<SecretBytes | undefined> {
    const plaintext = await this.pool.run({ op: 'decrypt', keyId: key.id, padding, oaepHash, ciphertext }, key);
    return plaintext instanceof Uint8Array ? SecretBytes.own(plaintext) : undefined;
  }

  #match(key: LoadedKey, alg: string): { row: RsaEncryptAlgorithm; rsa: LoadedRsaKey } {
    const row = this.table.get(alg);
    if (row === undefined) throw unknownAlgorithm(this.use, alg);
    if (key.kty !== 'RSA') throw incompatibleKey(this.use, alg, `type 'RSA'`, key.kty);
    return { row, rsa: key };
  }
}

function oaep({ oaepHash }: RsaEncryptAlgorithm): { oaepHash?: string } {
  return oaepHash === undefined ? {} : { oaepHash };
}
