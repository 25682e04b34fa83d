import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, systemClock, systemErrorCode } from '@coffer/kernel';
import { writeAtomically } from './files.js';
import type { PemPair } from './issue.js';
import { namesOf, normaliseNames, sameNames, type ServerNames } from './server-names.js';

const day = 24 * 60 * 60 * 1000;
const caLifetime = 3653 * day; // ten years
const serverLifetime = 397 * day; // the most that clients accept of a public CA (CA/Browser Forum baseline, 6.3.2)
const renewBefore = 30 * day;
/** Clients whose clock is a little behind must accept a certificate made this moment. */
const backdated = day;

export interface DevelopmentCertificatesOptions {
  /** Holds `ca.pem`, `ca.key`, `server.pem`, `server.key`; made when missing. One process at a time. */
  readonly directory: string;
  /** DNS names of the server; a wildcard `*.` covers one label. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly clock?: Clock;
}

export interface TlsFiles {
  /** What clients must trust (`NODE_EXTRA_CA_CERTS`). */
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** A new CA was made: clients must trust it anew. */
  readonly caCreated: boolean;
  readonly serverCreated: boolean;
}

/**
 * Sees that the directory holds a development CA (10 years) and a server certificate for exactly these names (397 days), both
 * ECDSA P-256. Makes what is missing, damaged, or ends within 30 days; keeps the CA whenever possible, because clients trust it.
 * An interrupted run leaves at worst a pair that does not match, which the next run replaces. Throws TlsError `bad-name`.
 */
export async function ensureDevelopmentCertificates(options: DevelopmentCertificatesOptions): Promise<TlsFiles> {
  const names = normaliseNames(options.dnsNames, options.ipAddresses);
  const now = (options.clock ?? systemClock).now();
  await mkdir(options.directory, { recursive: true });
  const caFiles = pairFiles(options.directory, 'ca');
  const serverFiles = pairFiles(options.directory, 'server');
  const result = { ...serverFiles, caFile: caFiles.certificateFile };

  const server = await readPair(serverFiles);
  const caCertificate = parse(await readText(caFiles.certificateFile));
  if (server && caCertificate && isCurrent(server.certificate, now) && isFor(server, caCertificate, names)) {
    await restrict(caFiles.keyFile);
    return { ...result, caCreated: false, serverCreated: false };
  }
  // Loaded only when needed: the X.509 library costs start time and memory.
  const { issueCertificateAuthority, issueServerCertificate } = await import('./issue.js');
  const notBefore = new Date(now - backdated);
  const ends = (lifetime: number) => notBefore.getTime() + lifetime;
  const knownCa = await readPair(caFiles);
  const keep = knownCa !== undefined && isCurrent(knownCa.certificate, now);
  const ca = keep ? knownCa : await issueCertificateAuthority({ notBefore, notAfter: new Date(ends(caLifetime)) });
  if (!keep) await writePair(caFiles, ca);
  const caEnd = Date.parse(new X509Certificate(ca.certificate).validTo);
  const notAfter = new Date(Math.min(ends(serverLifetime), caEnd));
  await writePair(serverFiles, await issueServerCertificate(ca, names, { notBefore, notAfter }));
  return { ...result, caCreated: !keep, serverCreated: true };
}

export interface PairFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export function pairFiles(directory: string, name: string): PairFiles {
  return { certificateFile: path.join(directory, `${name}.pem`), keyFile: path.join(directory, `${name}.key`) };
}

/** A pair that parses and belongs together, or undefined. Other failures than a missing file are thrown. */
export async function readPair({ certificateFile, keyFile }: PairFiles): Promise<PemPair | undefined> {
  const [certificate, key] = await Promise.all([readText(certificateFile), readText(keyFile)]);
  if (certificate === undefined || key === undefined) return undefined;
  await restrict(keyFile);
  const parsed = parse(certificate);
  try {
    return parsed?.checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined;
  } catch {
    return undefined; // a damaged key is made anew
  }
}

/** A copy or a restore may have widened it; an operator may have taken the CA's key away. */
async function restrict(keyFile: string): Promise<void> {
  try {
    await chmod(keyFile, 0o600);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

/** Undefined when there is no certificate in the text: a damaged one is made anew. */
function parse(pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writePair({ certificateFile, keyFile }: PairFiles, pair: PemPair): Promise<void> {
  await writeAtomically(keyFile, pair.key, 0o600);
  await writeAtomically(certificateFile, pair.certificate, 0o644);
}

export function isCurrent(certificate: string, now: number): boolean {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return Date.parse(validFrom) <= now && now < Date.parse(validTo) - renewBefore;
}

export function isFor(server: PemPair, ca: X509Certificate, names: ServerNames): boolean {
  const leaf = new X509Certificate(server.certificate);
  return leaf.checkIssued(ca) && leaf.verify(ca.publicKey) && sameNames(namesOf(leaf), names);
}
