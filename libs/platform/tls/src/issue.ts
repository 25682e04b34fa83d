import 'reflect-metadata'; // @peculiar/x509 fails to load without it
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { organisation } from './organisation.js';
import type { ServerNames } from './server-names.js';

/** A certificate and its private key (PKCS#8), both as PEM text. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A new self-signed CA (RFC 5280): signs server certificates only, no further CA. */
export async function issueCertificateAuthority(validity: Validity, name = 'Coffer development CA'): Promise<PemPair> {
  const keys = await generateKeys();
  // The serial in the name keeps two development CAs of one machine apart in a trust store.
  const serialNumber = newSerial();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: [{ O: [organisation] }, { CN: [`${name} ${serialNumber.slice(0, 8)}`] }],
    ...validity,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemText(certificate), key: await privateKeyPem(keys) };
}

/** What a certificate may be shown for (RFC 5280 §4.2.1.12). */
export type Usage = 'server' | 'server and client';

export interface SubjectOptions {
  readonly usage?: Usage;
  /** TLS clients look at subjectAltName alone (RFC 6125); who maps subjects to users, as Kafka does, reads this. */
  readonly commonName?: string;
}

/** A new server certificate with its own new key, signed by the CA. */
export async function issueServerCertificate(
  ca: PemPair,
  names: ServerNames,
  validity: Validity,
  { usage = 'server', commonName = 'Coffer server' }: SubjectOptions = {},
): Promise<PemPair> {
  const issuer = new x509.X509Certificate(ca.certificate);
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    issuer: issuer.subjectName,
    subject: [{ O: [organisation] }, { CN: [commonName] }],
    ...validity,
    signingAlgorithm: algorithm,
    signingKey: await importPrivateKey(ca.key),
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        ...(usage === 'server' ? [] : [x509.ExtendedKeyUsage.clientAuth]),
      ]),
      new x509.SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns', value }) as const),
        ...names.ip.map((value) => ({ type: 'ip', value }) as const),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemText(certificate), key: await privateKeyPem(keys) };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** 16 random bytes as hex; first bit clear and first byte not zero, so that the DER integer is positive and of fixed length. */
function newSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function pemText(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(pem);
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}
