import { randomBytes, webcrypto } from 'node:crypto';
import { SecretBytes } from '@coffer/kernel';

/** RS256 (RFC 7518 §3.3). */
export const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
const generation = { ...algorithm, modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) };

/** RFC 5280 §4.1.2.5: a certificate without a well-defined end. Who pins it decides how long it is good. */
const NO_END = new Date('9999-12-31T23:59:59Z');

export interface ReleaseCertificate {
  /** DER. */
  readonly certificate: Buffer;
  /** PKCS#8; the caller destroys it. */
  readonly privateKey: SecretBytes;
}

/** A new RSA key with a self-signed certificate for signatures. */
export async function makeReleaseCertificate(notBefore: Date): Promise<ReleaseCertificate> {
  // Needed once in the life of an installation, and slow to load; it fails without reflect-metadata.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(generation, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `40${randomBytes(15).toString('hex')}`,
    name: [{ CN: ['Coffer key release'] }],
    notBefore,
    notAfter: NO_END,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pkcs8 = new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certificate: Buffer.from(certificate.rawData), privateKey: SecretBytes.own(pkcs8) };
}
