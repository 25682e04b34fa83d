import { createDecipheriv, privateDecrypt, X509Certificate, type KeyObject } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';

const OAEP_HASHES: Readonly<Record<string, string>> = {
  CKM_RSA_AES_KEY_WRAP: 'sha1',
  RSA_AES_KEY_WRAP_256: 'sha256',
  RSA_AES_KEY_WRAP_384: 'sha384',
};

/** The payload of a release's answer, as far as tests look at it. */
export interface ReleasePayload {
  readonly request: Readonly<Record<string, string>>;
  readonly response: {
    readonly key: {
      readonly key: Readonly<Record<string, unknown>> & { readonly key_hsm: string };
      readonly attributes: Readonly<Record<string, unknown>>;
      readonly release_policy: Readonly<Record<string, unknown>>;
    };
  };
}

export interface OpenedRelease {
  readonly payload: ReleasePayload;
  readonly blob: { readonly header: Readonly<Record<string, string>>; readonly ciphertext: string };
  readonly certificate: X509Certificate;
  /** PKCS#8, or of an oct key its bytes. */
  readonly key: Buffer;
}

/** What a recipient does: checks the signature by the certificate in the answer, and unwraps the key with its own. */
export async function openReleased(jws: string, privateKey: KeyObject): Promise<OpenedRelease> {
  const [x5c = ''] = decodeProtectedHeader(jws).x5c ?? [];
  const certificate = new X509Certificate(Buffer.from(x5c, 'base64'));
  const verified = await compactVerify(jws, certificate.publicKey, { algorithms: ['RS256'] });
  const payload = JSON.parse(Buffer.from(verified.payload).toString()) as ReleasePayload;
  const text = Buffer.from(payload.response.key.key.key_hsm, 'base64url').toString();
  const blob = JSON.parse(text) as OpenedRelease['blob'];
  const bytes = Buffer.from(blob.ciphertext, 'base64url');
  const split = (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const oaepHash = OAEP_HASHES[blob.header['enc'] ?? ''] ?? '';
  const kek = privateDecrypt({ key: privateKey, oaepHash }, bytes.subarray(0, split));
  const unwrap = createDecipheriv('id-aes256-wrap-pad', kek, Buffer.from('a65959a6', 'hex'));
  return { payload, blob, certificate, key: unwrap.update(bytes.subarray(split)) };
}
