import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Clock } from '@coffer/kernel';
import { systemErrorCode } from '@coffer/kernel';
import { TlsError } from './errors.js';
import { readPem } from './files.js';
import { serverTlsOptions, type ServerTlsOptions } from './tls-options.js';

export interface TlsPaths {
  /** PEM: the server's certificate first, then the intermediates. */
  readonly certificateFile: string;
  /** PEM: the private key, not encrypted. */
  readonly keyFile: string;
}

/** A certificate and key that fit each other and are valid now. */
export interface LoadedPair {
  readonly options: ServerTlsOptions;
  /** SHA-256 of the certificate (DER), lower-case hex. */
  readonly fingerprint: string;
  /** End of validity, milliseconds since the Unix epoch. */
  readonly notAfter: number;
}

/** Loads and checks the files. Throws TlsError, whose message names the file and never quotes it. */
export async function loadPair(paths: TlsPaths, clock: Clock): Promise<LoadedPair> {
  const [cert, keyPem] = await Promise.all([readPem(paths.certificateFile), readPem(paths.keyFile)]);
  const certificate = parseCertificate(cert, paths.certificateFile);
  checkMatch(certificate, parseKey(keyPem, paths.keyFile), paths);
  const notAfter = checkValidity(certificate, paths.certificateFile, clock.now());
  const options = serverTlsOptions(cert, keyPem);
  try {
    createSecureContext(options); // OpenSSL's own opinion, e.g. on too small keys and on the rest of the chain
  } catch (cause) {
    const why = systemErrorCode(cause) ?? 'unknown reason';
    throw new TlsError('rejected', `OpenSSL refuses ${paths.certificateFile} (${why}).`, { cause });
  }
  return { options, fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(), notAfter };
}

function parseCertificate(pem: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new TlsError('bad-certificate', `${file} holds no X.509 certificate in PEM form.`, { cause });
  }
}

function parseKey(pem: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const encrypted = pem.includes('ENCRYPTED');
    const hint = encrypted
      ? 'its private key is encrypted: store it without a passphrase, mode 0600'
      : 'it holds no private key in PEM form';
    throw new TlsError('bad-key', `Cannot use ${file}: ${hint}.`, { cause });
  }
}

function checkMatch(certificate: X509Certificate, key: KeyObject, { certificateFile, keyFile }: TlsPaths): void {
  if (certificate.checkPrivateKey(key)) return;
  throw new TlsError(
    'mismatch',
    `The private key in ${keyFile} does not belong to the first certificate in ${certificateFile}: ` +
      "the server's own certificate must come first, before those of its issuers.",
  );
}

function checkValidity({ validFrom, validTo }: X509Certificate, file: string, now: number): number {
  const notBefore = Date.parse(validFrom);
  const notAfter = Date.parse(validTo);
  if (now > notAfter) throw new TlsError('expired', `The certificate in ${file} expired at ${iso(notAfter)}.`);
  if (now < notBefore) {
    throw new TlsError(
      'not-yet-valid',
      `The certificate in ${file} is not valid before ${iso(notBefore)}; it is ${iso(now)} now.`,
    );
  }
  return notAfter;
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
