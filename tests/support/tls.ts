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

export async function temporaryDirectory(): Promise<{ readonly directory: string; readonly remove: () => Promise<void> }> {
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
