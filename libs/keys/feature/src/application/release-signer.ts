import { createHash, webcrypto } from 'node:crypto';
import type { MaterialScope } from '@coffer/contracts';
import { CompactSign, type CompactJWSHeaderParameters } from 'jose';
import {
  insertReleaseSigningKey,
  selectReleaseSigningKey,
  type ReleaseSigningKeyRow,
} from '../postgres/release-signing-key.js';
import type { KeysPorts } from './ports.js';
import { algorithm, makeReleaseCertificate } from './release-certificate.js';

const PURPOSE = 'release-signing-key';
/** No vault: the key is the installation's. */
const scope: MaterialScope = { vaultId: 'release-signing', kind: 'key', objectId: 'release-signing', version: '' };

interface SigningKey {
  readonly key: webcrypto.CryptoKey;
  readonly header: CompactJWSHeaderParameters;
}

/**
 * Signs the answers of release (RFC 7515) with an RSA key of the installation, whose self-signed certificate every answer
 * carries. The key is made when first needed and sealed like keys of vaults; instances over one database share it.
 */
export class ReleaseSigner {
  #key: Promise<SigningKey> | undefined;

  constructor(private readonly ports: Pick<KeysPorts, 'database' | 'sealer' | 'clock'>) {}

  /** A compact JWS of the JSON. Throws ServiceUnavailable when the key cannot be had. */
  async sign(payload: object): Promise<string> {
    const { key, header } = await this.#signingKey();
    return new CompactSign(Buffer.from(JSON.stringify(payload), 'utf8')).setProtectedHeader(header).sign(key);
  }

  #signingKey(): Promise<SigningKey> {
    this.#key ??= this.#load().catch((error: unknown) => {
      this.#key = undefined; // the next one tries again
      throw error;
    });
    return this.#key;
  }

  async #load(): Promise<SigningKey> {
    const { database } = this.ports;
    const stored = await selectReleaseSigningKey(database);
    if (stored !== undefined) return this.#open(stored);
    await insertReleaseSigningKey(database, await this.#make());
    const first = await selectReleaseSigningKey(database);
    if (first === undefined) throw new Error('the release signing key has vanished');
    return this.#open(first);
  }

  async #make(): Promise<ReleaseSigningKeyRow> {
    const { certificate, privateKey } = await makeReleaseCertificate(new Date(this.ports.clock.now()));
    try {
      const dek = await this.ports.sealer.mint(scope);
      return { certificate, ...dek.wrapped, sealedPrivate: dek.encrypt(privateKey.expose(), PURPOSE) };
    } finally {
      privateKey.destroy();
    }
  }

  async #open({ certificate, term, wrappedDek, sealedPrivate }: ReleaseSigningKeyRow): Promise<SigningKey> {
    const dek = await this.ports.sealer.open(scope, { term, wrappedDek });
    const der = dek.decrypt(sealedPrivate, PURPOSE);
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
