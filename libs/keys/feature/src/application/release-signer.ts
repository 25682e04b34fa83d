import { createHash, webcrypto } from 'node:crypto';
import { CompactSign, type CompactJWSHeaderParameters } from 'jose';
import type { SealedReleaseKey } from '../postgres/release-signing-key.js';
import { algorithm } from './release-certificate.js';
import type { ReleaseKeys } from './release-keys.js';

interface SigningKey {
  readonly key: webcrypto.CryptoKey;
  readonly header: CompactJWSHeaderParameters;
}

/**
 * Signs the answers of release (RFC 7515) with the RSA key of the installation whose turn it is, and whose self-signed
 * certificate every answer carries.
 */
export class ReleaseSigner {
  #opened: { readonly generation: number; readonly key: Promise<SigningKey> } | undefined;

  constructor(private readonly keys: ReleaseKeys) {}

  /** A compact JWS of the JSON. Throws ServiceUnavailable when the key cannot be had. */
  async sign(payload: object): Promise<string> {
    const { key, header } = await this.#signingKey();
    return new CompactSign(Buffer.from(JSON.stringify(payload), 'utf8')).setProtectedHeader(header).sign(key);
  }

  /** Which key signs is asked each time: it may have been rotated anywhere. */
  async #signingKey(): Promise<SigningKey> {
    const { generation, certificate, sealed } = await this.keys.current();
    if (this.#opened?.generation !== generation) {
      this.#opened = { generation, key: this.#open(certificate, sealed) };
      this.#opened.key.catch(() => {
        if (this.#opened?.generation === generation) this.#opened = undefined; // the next one tries again
      });
    }
    return this.#opened.key;
  }

  async #open(certificate: Buffer, sealed: SealedReleaseKey): Promise<SigningKey> {
    const der = await this.keys.open(sealed);
    try {
      const key = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(der.expose()), algorithm, false, ['sign']);
      return { key, header: headerOf(certificate) };
    } finally {
      der.destroy();
    }
  }
}

/** As Azure's: the certificate itself, and its thumbprints (RFC 7515 §4.1). */
function headerOf(certificate: Buffer): CompactJWSHeaderParameters {
  const sha1 = createHash('sha1').update(certificate).digest();
  return {
    alg: 'RS256',
    kid: sha1.toString('hex').toUpperCase(),
    typ: 'JWT',
    x5t: sha1.toString('base64url'),
    'x5t#S256': createHash('sha256').update(certificate).digest('base64url'),
    x5c: [certificate.toString('base64')],
  };
}
