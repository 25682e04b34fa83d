import type { X509Certificate } from 'node:crypto';
import { isIP, SocketAddress } from 'node:net';
import { TlsError } from './errors.js';

/** Names that a certificate is for, in the form and order in which they are compared. */
export interface ServerNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

// RFC 1123 labels; `*` only as the whole leftmost label (RFC 6125, 6.4.3), and `_` as hosts in use have it.
const dnsName = /^(\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Lower case, canonical addresses, no doubles, sorted. Throws `bad-name` for what cannot stand in a certificate. */
export function normaliseNames(dnsNames: readonly string[], ipAddresses: readonly string[]): ServerNames {
  const dns = dnsNames.map((name) => name.toLowerCase());
  const bad = dns.find((name) => name.length > 253 || !dnsName.test(name)) ?? ipAddresses.find((ip) => isIP(ip) === 0);
  if (bad !== undefined) throw new TlsError('bad-name', `"${bad}" cannot be a name of a server certificate.`);
  if (dns.length + ipAddresses.length === 0) throw new TlsError('bad-name', 'A server certificate needs a name.');
  return { dns: unique(dns), ip: unique(ipAddresses.map(canonicalIp)) };
}

/** The names in a certificate's subjectAltName (RFC 5280, 4.2.1.6). */
export function namesOf(certificate: X509Certificate): ServerNames {
  const entries = (certificate.subjectAltName ?? '').split(', ');
  const after = (prefix: string) =>
    entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
  return { dns: unique(after('DNS:')), ip: unique(after('IP Address:').map(canonicalIp)) };
}

export function sameNames(a: ServerNames, b: ServerNames): boolean {
  return a.dns.join() === b.dns.join() && a.ip.join() === b.ip.join();
}

/** One spelling per address: `0:0:0:0:0:0:0:1` and `::1` are the same. */
function canonicalIp(address: string): string {
  return new SocketAddress({ address, family: isIP(address) === 6 ? 'ipv6' : 'ipv4' }).address;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
