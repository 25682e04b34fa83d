import 'reflect-metadata'; // @peculiar/x509 fails to load without it
import { createPrivateKey, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import type { ServerTlsOptions } from '@coffer/tls';

/** Names as Coffer uses them with its default suffix. */
export const localNames = {
  dnsNames: ['localhost', 'login.localhost', 'management.localhost', '*.vault.localhost'],
  ipAddresses: ['127.0.0.1', '::1'],
};

export async function temporaryDirectory(): Promise<{
  readonly directory: string;
  readonly remove: () => Promise<void>;
}> {
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-tls-'));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** A clock that stands still, `days` from now. */
export function clockIn(days: number) {
  const now = Date.now() + days * 24 * 60 * 60 * 1000;
  return { now: () => now, monotonic: () => 0 };
}

/** A TLS server that echoes what it receives. */
export async function echoServer(options: ServerTlsOptions) {
  const sockets = new Set<tls.TLSSocket>();
  const server = tls.createServer(options, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { server, port: (server.address() as AddressInfo).port, close };
}

/** Connects and verifies as a client would; rejects with the error that the client gets. */
export function connect(port: number, options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', ...options });
    socket.once('secureConnect', () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** SHA-256 of the server's certificate that a new connection sees, lower-case hex. */
export async function fingerprintSeen(port: number, ca: Buffer): Promise<string> {
  const socket = await connect(port, { ca, servername: 'localhost' });
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
  socket.destroy();
  return fingerprint.replaceAll(':', '').toLowerCase();
}

/** A self-signed certificate over an RSA key of 1024 bits, as PEM. */
export async function weakPair(): Promise<{ readonly certificate: string; readonly key: string }> {
  const { X509CertificateGenerator } = await import('@peculiar/x509');
  const signingAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const algorithm = { ...signingAlgorithm, modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const validity = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) };
  const certificate = await X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm, ...validity });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' });
  return { certificate: certificate.toString('pem'), key: key.toString() };
}

/** A certificate of a CA (P-256) as PEM, for one DNS name under any common name. */
export async function issuedBy(
  ca: { readonly certificate: string; readonly key: string },
  { commonName, dnsName }: { readonly commonName: string; readonly dnsName: string },
): Promise<{ readonly certificate: string; readonly key: string }> {
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const caKey = createPrivateKey(ca.key).export({ type: 'pkcs8', format: 'der' });
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: new x509.X509Certificate(ca.certificate).subjectName,
    subject: [{ O: ['Coffer development'] }, { CN: [commonName] }],
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 300 * 86_400_000),
    signingAlgorithm: algorithm,
    signingKey: await webcrypto.subtle.importKey('pkcs8', caKey, algorithm, false, ['sign']),
    publicKey: keys.publicKey,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: dnsName }])],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' });
  return { certificate: certificate.toString('pem'), key: key.toString() };
}
