import { X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { type Clock, systemClock } from '@coffer/kernel';
import { isCurrent, isFor, pairFiles, readPair, writePair, type PairFiles } from './development-certificates.js';
import { normaliseNames } from './server-names.js';

const day = 24 * 60 * 60 * 1000;
const caLifetime = 3653 * day;
const serviceLifetime = 397 * day;
const backdated = day;

export interface ServiceCertificatesOptions {
  /** Holds `service-ca.pem`, `service-ca.key`, and a pair of files per service. One process at a time. */
  readonly directory: string;
  /** Names of services: each becomes the first DNS name of its certificate, and the common name of its subject. */
  readonly services: readonly string[];
  /** Where a service is reached by another name than its own. */
  readonly alsoKnownAs?: Readonly<Record<string, { readonly dns: readonly string[]; readonly ip: readonly string[] }>>;
  readonly clock?: Clock;
}

export interface ServiceCertificates {
  readonly caFile: string;
  readonly services: Readonly<Record<string, PairFiles>>;
}

/**
 * Sees that each service has a certificate of the installation's service CA, good for both ends of a connection between
 * services (ECDSA P-256, 397 days). Makes what is missing, damaged, or ends within 30 days; the CA is another one than that
 * of public names, so that no client's trust reaches between services. Throws TlsError `bad-name`.
 */
export async function ensureServiceCertificates(options: ServiceCertificatesOptions): Promise<ServiceCertificates> {
  const { directory, services, alsoKnownAs = {}, clock = systemClock } = options;
  const now = clock.now();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { issueCertificateAuthority, issueServerCertificate } = await import('./issue.js');
  const notBefore = new Date(now - backdated);
  const until = (lifetime: number) => new Date(notBefore.getTime() + lifetime);
  const caFiles = pairFiles(directory, 'service-ca');
  let ca = await readPair(caFiles);
  if (ca === undefined || !isCurrent(ca.certificate, now)) {
    ca = await issueCertificateAuthority({ notBefore, notAfter: until(caLifetime) }, 'Coffer service CA');
    await writePair(caFiles, ca);
  }
  const authority = new X509Certificate(ca.certificate);
  const files: Record<string, PairFiles> = {};
  for (const service of services) {
    const { dns = [], ip = [] } = alsoKnownAs[service] ?? {};
    const names = normaliseNames([service, ...dns], ip);
    const own = pairFiles(directory, service);
    const known = await readPair(own);
    const good = known !== undefined && isCurrent(known.certificate, now) && isFor(known, authority, names);
    if (!good || commonNameOf(known.certificate) !== service) {
      const validity = { notBefore, notAfter: until(serviceLifetime) };
      const subject = { usage: 'server and client', commonName: service } as const;
      await writePair(own, await issueServerCertificate(ca, names, validity, subject));
    }
    files[service] = own;
  }
  return { caFile: caFiles.certificateFile, services: files };
}

function commonNameOf(certificate: string): string | undefined {
  return /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)?.[1];
}
